#include "query/receipts.h"

#include <algorithm>

namespace strata::query {
namespace {

constexpr std::chrono::seconds kTimeout{10};

std::uint64_t CountInHot(const duck::CollectionSlice& collection, duck::Position position) {
  std::uint64_t rows = 0;
  for (const model::BlockSlice& slice : collection.hot) {
    const model::RunTable& runs = slice.block->runs();
    for (std::uint32_t i = runs.CountUpTo(position - 1); i < runs.CountUpTo(position); ++i) {
      rows += runs[i].end - runs[i].begin;
    }
  }
  return rows;
}

bool MayMiss(const duck::CollectionSlice& collection, duck::Position position) {
  return std::ranges::any_of(collection.missing, [position](const duck::MissingRows& missing) {
    return missing.min_position <= position && position <= missing.max_position;
  });
}

const char* Boolean(bool value) {
  return value ? "true" : "false";
}

}  // namespace

Receipts::Receipts(const SnapshotTaker& snapshots, duck::Engine& engine, const Clock& clock,
                   std::function<bool(duck::Position)> in_log, ReportPart report_part)
    : snapshots_(snapshots),
      engine_(engine),
      clock_(clock),
      in_log_(std::move(in_log)),
      report_part_(std::move(report_part)) {}

Result<std::string> Receipts::Find(std::string_view namespace_name, duck::Position position) const {
  if (position == 0) return Error{Code::kNotFound, "position 0 is no receipt"};
  for (PartFaults faults(report_part_);;) {
    if (auto found = Look(namespace_name, position, faults)) return *std::move(found);
  }
}

std::optional<Result<std::string>> Receipts::Look(std::string_view namespace_name,
                                                  duck::Position position,
                                                  PartFaults& faults) const {
  const auto snapshot = snapshots_.Take(namespace_name);
  const std::string* damaged = nullptr;  // the collection, when rows of that position may be lost
  for (const auto& [kind, collections] : snapshot->kinds) {
    for (const duck::CollectionSlice& collection : collections) {
      const std::uint64_t hot = CountInHot(collection, position);
      const auto counted = CountInParts(kind, collection, position, faults);
      if (!counted) return counted.error();
      if (!*counted) return std::nullopt;
      const std::uint64_t parts = **counted;
      if (hot + parts == 0) {
        if (MayMiss(collection, position)) damaged = &collection.collection;
        continue;
      }
      return "{\"position\":" + std::to_string(position) + ",\"collection\":\"" +
             collection.collection + "\",\"records\":" + std::to_string(hot + parts) +
             ",\"log\":" + Boolean(in_log_(position)) + ",\"hot\":" + Boolean(hot != 0) +
             ",\"parts\":" + Boolean(parts != 0) + ",\"sinks\":{}}";
    }
  }
  if (damaged != nullptr) {
    return Error{Code::kNotFound, "position " + std::to_string(position) +
                                      " may be among the rows of " + *damaged +
                                      " that cannot be read: the part that held them is damaged"};
  }
  return Error{Code::kNotFound,
               "no record of this namespace has position " + std::to_string(position)};
}

// Reads the position column of the parts whose range covers it.
Result<std::optional<std::uint64_t>> Receipts::CountInParts(model::Kind kind,
                                                            const duck::CollectionSlice& collection,
                                                            duck::Position position,
                                                            PartFaults& faults) const {
  auto candidates = std::make_shared<duck::Snapshot>();
  duck::CollectionSlice slice{.collection = collection.collection};
  std::ranges::copy_if(
      collection.parts, std::back_inserter(slice.parts), [&](const duck::PartRef& part) {
        return part.info->min_position <= position && position <= part.info->max_position;
      });
  if (slice.parts.empty()) return std::optional<std::uint64_t>(0);
  candidates->kinds[kind].push_back(std::move(slice));
  candidates->position = position;
  const duck::Statement statement{
      .sql = "SELECT ordinal FROM " + std::string(model::KindName(kind)) +
             " WHERE position = " + std::to_string(position),
      .format = duck::Format::kCsv,
      .deadline = clock_.Monotonic() + kTimeout,
  };
  auto outcome = engine_.Run(statement, std::move(candidates));
  if (auto* error = std::get_if<duck::SqlError>(&outcome)) {
    if (faults.MakeAnotherRunWorthwhile(*error)) return std::optional<std::uint64_t>();
    return Error{error->code, std::move(error->message)};
  }
  return std::optional<std::uint64_t>(std::get<duck::Answer>(outcome).rows);
}

}  // namespace strata::query
