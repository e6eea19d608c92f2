#include "duck/part_rows.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using model::Chunk;
using model::kChunkRows;

constexpr std::uint32_t kUnknown = UINT32_MAX;

// Numbers groups of rows in the order in which they were met.
class Groups {
 public:
  std::uint32_t Of(std::string_view name, std::string_view service) {
    const auto [at, added] = ids_.try_emplace({std::string(name), std::string(service)}, count_);
    count_ += added ? 1 : 0;
    return at->second;
  }
  std::size_t count() const { return count_; }
  // The group's place in sorted order, by number.
  std::vector<std::uint32_t> Ranks() const {
    std::vector<std::uint32_t> ranks(count_);
    std::uint32_t rank = 0;
    for (const auto& [key, id] : ids_) ranks[id] = rank++;
    return ranks;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::uint32_t> ids_;
  std::uint32_t count_ = 0;
};

// The group of each row of one slice.
class GroupReader {
 public:
  GroupReader(model::Kind kind, const model::BlockSlice& slice, Groups& groups)
      : block_(*slice.block),
        groups_(groups),
        by_name_(kind == model::Kind::kMetrics),
        by_resource_(std::max<std::size_t>(block_.resources().size(), 1), kUnknown) {}

  std::uint32_t Of(std::uint32_t row) {
    const Chunk* resources = block_.fixed(model::kResource).chunk(row / kChunkRows);
    const std::uint32_t resource =
        resources == nullptr ? 0 : resources->values<std::uint32_t>()[row % kChunkRows];
    if (!by_name_) {
      std::uint32_t& group = by_resource_[resource];
      if (group == kUnknown) group = groups_.Of({}, Service(resource));
      return group;
    }
    const Chunk* names = block_.fixed(model::kMetricName).chunk(row / kChunkRows);
    const std::string_view name =
        names == nullptr ? std::string_view()
                         : block_.fixed(model::kMetricName).TextAt(*names, row % kChunkRows);
    // Points of one metric come together: the last answer is often the next.
    if (last_ == kUnknown || resource != last_resource_ || name != last_name_) {
      last_ = groups_.Of(name, Service(resource));
      last_resource_ = resource;
      last_name_ = name;
    }
    return last_;
  }

 private:
  std::string_view Service(std::uint32_t resource) const {
    return resource < block_.resources().size() ? block_.resources()[resource].service_name.view()
                                                : std::string_view();
  }

  const model::Block& block_;
  Groups& groups_;
  const bool by_name_;
  std::vector<std::uint32_t> by_resource_;
  std::uint32_t last_ = kUnknown;
  std::uint32_t last_resource_ = 0;
  std::string_view last_name_;
};

struct Entry {
  std::int64_t time = 0;
  RowRef ref;
};

template <class F>
void ForEachRow(const model::BlockSlice& slice, F f) {
  for (std::uint32_t i = slice.first_run; i < slice.last_run; ++i) {
    const model::Run& run = slice.block->runs()[i];
    for (std::uint32_t row = run.begin; row < run.end; ++row) f(row);
  }
}

}  // namespace

std::uint64_t ChunksWith(const model::Column& column, const model::BlockSlice& slice) {
  std::uint64_t chunks = 0;
  for (std::uint32_t c = slice.begin_row() / kChunkRows; c < ChunkEnd(slice); ++c) {
    chunks += column.chunk(c) != nullptr ? 1 : 0;
  }
  return chunks;
}

std::vector<RowRef> SortedRows(model::Kind kind, std::span<const model::BlockSlice> slices) {
  Groups groups;
  std::vector<std::uint32_t> group_of_row;
  std::vector<std::uint64_t> counts;
  for (const model::BlockSlice& slice : slices) {
    CHECK(slice.block->kind() == kind);
    GroupReader reader(kind, slice, groups);
    ForEachRow(slice, [&](std::uint32_t row) {
      const std::uint32_t group = reader.Of(row);
      group_of_row.push_back(group);
      if (group >= counts.size()) counts.resize(group + 1);
      ++counts[group];
    });
  }
  // Where each group's rows go.
  const auto ranks = groups.Ranks();
  std::vector<std::uint32_t> by_rank(ranks.size());
  for (std::uint32_t id = 0; id < ranks.size(); ++id) by_rank[ranks[id]] = id;
  std::vector<std::uint64_t> next(counts.size());
  std::uint64_t at = 0;
  for (const std::uint32_t id : by_rank) {
    next[id] = at;
    at += counts[id];
  }
  std::vector<Entry> entries(group_of_row.size());
  std::size_t n = 0;
  for (std::uint32_t s = 0; s < slices.size(); ++s) {
    const model::Column& times = slices[s].block->fixed(model::TimeColumn(kind));
    ForEachRow(slices[s], [&](std::uint32_t row) {
      const Chunk* chunk = times.chunk(row / kChunkRows);
      entries[next[group_of_row[n++]]++] = {
          .time = chunk == nullptr ? 0 : chunk->values<std::int64_t>()[row % kChunkRows],
          .ref = {.slice = s, .row = row}};
    });
  }
  std::uint64_t end = 0;
  for (const std::uint32_t id : by_rank) {
    const auto first = entries.begin() + static_cast<std::ptrdiff_t>(end);
    end += counts[id];
    const auto last = entries.begin() + static_cast<std::ptrdiff_t>(end);
    if (!std::ranges::is_sorted(first, last, {}, &Entry::time)) {
      std::ranges::stable_sort(first, last, {}, &Entry::time);
    }
  }
  std::vector<RowRef> rows;
  rows.reserve(entries.size());
  for (const Entry& entry : entries) rows.push_back(entry.ref);
  return rows;
}

}  // namespace strata::duck
