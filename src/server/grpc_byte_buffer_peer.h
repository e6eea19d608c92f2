// The friend that grpc::ByteBuffer declares for code which must see how a message came: only the C
// structure behind it (public, grpc/impl/codegen/grpc_types.h) says whether it is compressed.
#pragma once

#include <grpcpp/support/byte_buffer.h>

namespace grpc::internal {

class GrpcByteBufferPeer {
 public:
  explicit GrpcByteBufferPeer(ByteBuffer* buffer) : buffer_(buffer) {}
  grpc_byte_buffer* c_buffer() { return buffer_->buffer_; }
  void set_c_buffer(grpc_byte_buffer* buffer) { buffer_->buffer_ = buffer; }

 private:
  ByteBuffer* buffer_;
};

}  // namespace grpc::internal
