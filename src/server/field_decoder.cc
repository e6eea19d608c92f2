#include "server/field_decoder.h"

#include <nghttp2/nghttp2.h>

#include "base/check.h"

namespace strata::server {

struct FieldDecoder::State {
  State() { CHECK(nghttp2_hd_inflate_new(&inflater) == 0); }
  ~State() { nghttp2_hd_inflate_del(inflater); }
  nghttp2_hd_inflater* inflater = nullptr;
};

FieldDecoder::FieldDecoder() : state_(std::make_unique<State>()) {}
FieldDecoder::~FieldDecoder() = default;

Status FieldDecoder::Decode(std::string_view block, const Take& take) {
  const auto text = [](const std::uint8_t* bytes, std::size_t size) {
    return std::string_view(reinterpret_cast<const char*>(bytes), size);
  };
  while (true) {
    nghttp2_nv field{};
    int flags = 0;
    const auto used = nghttp2_hd_inflate_hd2(state_->inflater, &field, &flags,
                                             reinterpret_cast<const std::uint8_t*>(block.data()),
                                             block.size(), /*in_final=*/1);
    if (used < 0) return Error{Code::kCorrupt, "header fields that cannot be decompressed"};
    block.remove_prefix(static_cast<std::size_t>(used));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      take(text(field.name, field.namelen), text(field.value, field.valuelen));
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(state_->inflater);
  return Done{};
}

}  // namespace strata::server
