#include "states/part_reader.h"

#include <mutex>

#include "base/hash.h"
#include "duck/part_loader.h"
#include "model/schema.h"
#include "model/test_lane.h"
#include "store/test_rig.h"

namespace strata::reliability {
namespace {

constexpr std::uint64_t kPartBytesMax = 64_MiB;

using Loaded = std::shared_ptr<const RowsByPosition>;

// Shared by the threads of a campaign.
class Remembered {
 public:
  Loaded Find(std::uint64_t content) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_content_.find(content);
    return found == by_content_.end() ? nullptr : found->second;
  }
  void Keep(std::uint64_t content, const Loaded& rows) {
    const std::scoped_lock lock(mutex_);
    if (by_content_.size() > kMax) by_content_.clear();
    by_content_[content] = rows;
  }

 private:
  static constexpr std::size_t kMax = 20'000;
  std::mutex mutex_;
  std::map<std::uint64_t, Loaded> by_content_;
};

Result<RowsByPosition> ReadList(const duck::PartRef& part, os::FileSystem& files) {
  ASSIGN_OR_RETURN(const auto rows, store::FakePartWriter::ReadRows(part.path, files));
  RowsByPosition all;
  for (const auto& [position, count] : rows) all[position].rows = count;
  return all;
}

Result<std::uint64_t> HashOf(PartFormat format, const duck::PartRef& part, os::FileSystem& files) {
  ASSIGN_OR_RETURN(const Bytes content, files.ReadAll(part.path, kPartBytesMax));
  const auto checksums = std::as_bytes(std::span(part.info->block_crcs));
  return Hash64(content, Hash64(checksums, static_cast<std::uint64_t>(format)));
}

Result<RowsByPosition> ReadParquet(const duck::PartRef& part, os::FileSystem& files) {
  model::TestLane lane(model::Kind::kLogs, 4096);
  RowsByPosition all;
  ASSIGN_OR_RETURN(
      const std::uint64_t rows,
      duck::LoadPart(model::Kind::kLogs, part, files, lane,
                     [&](duck::Position position, const std::vector<model::RowRange>& ranges) {
                       PositionRows& of = all[position];
                       bool same = true;
                       for (const model::RowRange& range : ranges) {
                         const std::string body = BodyOf(*range.block, range.begin, range.end);
                         same = same && (of.rows == 0 || of.body == body);
                         of.rows += range.end - range.begin;
                         of.body = same ? body : "";
                       }
                     }));
  (void)rows;
  return all;
}

}  // namespace

std::string BodyOf(const model::Block& block, std::uint32_t begin, std::uint32_t end) {
  std::string body;
  for (std::uint32_t row = begin; row < end; ++row) {
    const model::Column& column = block.fixed(model::kLogBody);
    const model::Chunk* chunk = column.chunk(row / model::kChunkRows);
    if (chunk == nullptr) return "";
    const std::string_view text = column.TextAt(*chunk, row % model::kChunkRows);
    if (row != begin && body != text) return "";
    body = text;
  }
  return body;
}

std::unique_ptr<store::PartWriter> MakePartWriter(PartFormat format, os::FileSystem& files) {
  if (format == PartFormat::kList) return std::make_unique<store::FakePartWriter>(files);
  return std::make_unique<store::DuckPartWriter>(duck::PartOptions{}, files);
}

Result<std::shared_ptr<const RowsByPosition>> ReadPart(PartFormat format, const duck::PartRef& part,
                                                       os::FileSystem& files) {
  static Remembered remembered;
  ASSIGN_OR_RETURN(const std::uint64_t content, HashOf(format, part, files));
  if (auto known = remembered.Find(content)) return known;
  auto rows = format == PartFormat::kList ? ReadList(part, files) : ReadParquet(part, files);
  if (!rows) return std::move(rows).error();
  auto shared = std::make_shared<const RowsByPosition>(*std::move(rows));
  remembered.Keep(content, shared);
  return Loaded(shared);
}

}  // namespace strata::reliability
