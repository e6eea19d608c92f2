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
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "model/collection.h"
#include "os/file_system.h"
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

// Writes one file beside its name, in order of positions; Finish() makes it durable under its name.
// Without Finish() a `.new` file is left behind. One thread.
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
  Bytes buffer_;
  std::uint64_t flushed_ = 0;  // bytes of the file that are written
  wal::Position last_ = 0;
};

// What reading a carry file came past.
struct CarryOutcome {
  CarryHeader header;
  std::uint64_t frames = 0;       // that read back
  std::uint64_t lost_frames = 0;  // that did not: their rows are gone
  std::string damage;             // what was wrong first, empty when nothing
};

// Hands over the frames in order; views are valid during the call only. Damaged frames are counted
// and passed over. kCorrupt when neither header reads back: nothing can be told of the file then.
Result<CarryOutcome> ReadCarryFile(const std::filesystem::path& path, os::FileSystem& files,
                                   const wal::FrameVisitor& visit);

}  // namespace strata::store
