// A carry file: frames of the log that outlive their segments, because their collections have too
// few rows for a part. Integers are little-endian. docs/formats/carry.md has the why.
//
//   file   := header frame* header          the second header is a copy of the first
//   frame  := as in the log (wal/frame.h), with its position and this file's salt, padded to 8
//
//   offset  size  field      header, 64 bytes
//        0     8  magic      "STRATACF"
//        8     4  version    1
//       12     4  checksum   CRC-32C of bytes 16..63
//       16     8  number     as in the name
//       24     8  through    every frame of the log up to this position that was not sealed is here
//       32     8  frames
//       40     8  bytes      of the file
//       48     4  salt       seed of the frames' header checksums
//       52    12  reserved   zero
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/collection.h"
#include "os/file_system.h"
#include "store/carry_index.h"
#include "wal/frame.h"
#include "wal/log.h"

namespace strata::store {

inline constexpr std::size_t kCarryHeaderBytes = 64;

struct CarryHeader {
  std::uint64_t number = 0;
  wal::Position through = 0;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::uint32_t salt = 0;
  bool operator==(const CarryHeader&) const = default;
};

// Requires: out.size() >= kCarryHeaderBytes.
void EncodeCarryHeader(const CarryHeader& header, std::span<std::byte> out);
Result<CarryHeader> DecodeCarryHeader(ByteSpan bytes);

// "00000000000000000003.carry"
std::string CarryFileName(std::uint64_t number);
std::optional<std::uint64_t> CarryNumberOf(std::string_view name);

// Writes one file beside its name, in order of positions; Finish() makes it and its index durable
// under their names. Without Finish() a `.new` file is left behind. One thread.
class CarryWriter {
 public:
  // Requires: the folder is there, durably.
  static Result<CarryWriter> Create(const std::filesystem::path& folder, std::uint64_t number,
                                    std::uint32_t salt, os::FileSystem& files);

  // Requires: positions ascend.
  Status Append(const wal::FrameView& frame);
  Result<CarryHeader> Finish(wal::Position through);

 private:
  CarryWriter(std::filesystem::path folder, CarryHeader header, os::FileSystem& files,
              std::unique_ptr<os::File> file);
  Status Flush();

  std::filesystem::path folder_;
  CarryHeader header_;
  os::FileSystem* files_;
  std::unique_ptr<os::File> file_;
  CarryIndex index_;
  Bytes buffer_;
  std::uint64_t flushed_ = 0;  // bytes of the file that are written
  wal::Position last_ = 0;
};

// What reading a carry file and its index came past.
struct CarryOutcome {
  CarryHeader header;
  bool readable = true;      // false: neither a header nor the index reads, nothing can be told
  std::uint64_t frames = 0;  // that read back
  // Frames that did not, ascending by position. Without an index it takes the header of a frame to
  // name it: of the others only their number is known.
  std::vector<CarryEntry> lost;
  std::uint64_t lost_unnamed = 0;
  bool has_index = false;    // that reads
  std::string damage;        // what was wrong first with the file, empty when nothing
  std::string index_damage;  // the same of the index

  bool sound() const { return damage.empty() && index_damage.empty(); }
};

// Hands over the frames in order; views are valid during the call only. What does not read is
// passed over and told. kNotFound: there is neither the file nor an index.
Result<CarryOutcome> ReadCarry(const std::filesystem::path& folder, std::uint64_t number,
                               os::FileSystem& files, const wal::FrameVisitor& visit);

}  // namespace strata::store
