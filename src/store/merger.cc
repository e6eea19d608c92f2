#include "store/merger.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/fault_point.h"
#include "base/log.h"

namespace strata::store {
namespace {

constexpr std::chrono::minutes kRetryAfter{5};

std::uint64_t InputBytes(const CollectionParts& parts, const MergeRange& range) {
  std::uint64_t bytes = 0;
  for (std::size_t i = range.begin; i < range.end; ++i) bytes += parts.parts[i]->info->bytes;
  return bytes;
}

}  // namespace

std::optional<MergeRange> Merger::RangeOf(const CollectionParts& parts) {
  if (parts.parts.size() < 2) return std::nullopt;
  const model::CollectionId id = parts.collection.id;
  if (const auto retry = retry_at_.find(id); retry != retry_at_.end()) {
    if (at_.clock.Monotonic() < retry->second) return std::nullopt;
    retry_at_.erase(retry);
  }
  const MergeConfig& config = at_.config().merge;
  MergeLimits limits{.target_rows = config.target_rows,
                     .large_rows = std::min(config.large_rows, config.target_rows / 4),
                     .inputs_max = config.inputs_max,
                     .span_max = config.span_max};
  if (const auto cap = inputs_max_.find(id); cap != inputs_max_.end()) {
    limits.inputs_max = cap->second;
  }
  const Duration retention = at_.config().retention.Of(parts.collection);
  if (retention > Duration::zero()) limits.span_max = std::min(limits.span_max, retention / 8);
  return PlanBetweenLosses(parts, limits);
}

// A part that was lost may be brought back, and takes the place of what lies within its positions:
// nothing that a merge writes may reach across its ends.
std::optional<MergeRange> Merger::PlanBetweenLosses(const CollectionParts& parts,
                                                    const MergeLimits& limits) const {
  const auto ends_below = [&](const PartPtr& part) {
    std::size_t ends = 0;
    for (const LostRows& lost : parts.lost) {
      if (lost.part == nullptr) continue;
      ends += lost.part->min_position() <= part->min_position() ? 1 : 0;
      ends += lost.part->max_position() < part->min_position() ? 1 : 0;
    }
    return ends;
  };
  const auto may_merge = [&, suspects = repair_.suspects()](const Part& part) {
    return !left_alone_.contains(part.path) && !suspects->contains(part.path);
  };
  const std::span<const PartPtr> all(parts.parts);
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() && ends_below(all[end]) == ends_below(all[begin])) ++end;
    if (auto range = PlanMerge(all.subspan(begin, end - begin), limits, may_merge)) {
      return MergeRange{.begin = begin + range->begin, .end = begin + range->end};
    }
    begin = end;
  }
  return std::nullopt;
}

std::optional<Merger::Choice> Merger::Choose(std::uint64_t bytes_max) {
  if (done_by_ != &at_.config()) done_sequence_.clear();
  done_by_ = &at_.config();
  std::optional<Choice> best;
  for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
    const auto done = done_sequence_.find(manifest->namespace_name);
    if (done != done_sequence_.end() && done->second == manifest->sequence) continue;
    bool due = !repair_.suspects()->empty();  // one may be found sound
    for (const CollectionPartsPtr& parts : manifest->collections) {
      const auto range = RangeOf(*parts);
      due |= range.has_value() || retry_at_.contains(parts->collection.id);
      if (!range || (best && best->range.count() >= range->count())) continue;
      if (InputBytes(*parts, *range) > bytes_max) continue;
      best = Choice{.manifest = manifest, .parts = parts.get(), .range = *range};
    }
    if (!due) done_sequence_[manifest->namespace_name] = manifest->sequence;
  }
  return best;
}

Result<bool> Merger::MergeOne(std::uint64_t bytes_max, const std::stop_token& stop) {
  RETURN_IF_ERROR(Settle());
  const std::optional<Choice> choice = Choose(bytes_max);
  if (!choice) return false;
  if (const Status merged = Merge(*choice, stop); !merged) {
    if (stop.stop_requested()) return false;
    NoteFailure(*choice, merged.error(), stop);
    return Error(merged.error());
  }
  return true;
}

Status Merger::Settle() {
  if (!unlisted_) return Done{};
  RETURN_IF_ERROR(List(*unlisted_));
  unlisted_.reset();
  return Done{};
}

Status Merger::Merge(const Choice& choice, const std::stop_token& stop) {
  const MonotonicTime began = at_.clock.Monotonic();
  const auto& all = choice.parts->parts;
  const std::span<const PartPtr> inputs =
      std::span(all).subspan(choice.range.begin, choice.range.count());
  const model::Collection& collection = choice.parts->collection;
  Part output;
  output.collection = collection.id;
  output.first_arrival_ns = inputs.front()->first_arrival_ns;
  output.last_arrival_ns = inputs.front()->last_arrival_ns;
  std::vector<duck::PartRef> refs;
  std::uint64_t rows = 0;
  for (const PartPtr& input : inputs) {
    refs.push_back({.path = (at_.config().data_dir / input->path).native(), .info = input->info});
    rows += input->rows();
    output.first_arrival_ns = std::min(output.first_arrival_ns, input->first_arrival_ns);
    output.last_arrival_ns = std::max(output.last_arrival_ns, input->last_arrival_ns);
  }
  ASSIGN_OR_RETURN(output.path,
                   NewPartPath(at_, collection, output.first_arrival_ns,
                               inputs.front()->min_position(), inputs.back()->max_position()));
  FaultPoint<"store.merge.begun">();
  auto info =
      at_.writer.Merge(collection.kind, refs, (at_.config().data_dir / output.path).native(), stop);
  if (!info) {
    RemoveUnlisted(at_, output.path);
    return std::move(info).error();
  }
  FaultPoint<"store.merge.part_written">();
  CHECK(info->rows == rows && info->min_position == inputs.front()->min_position() &&
        info->max_position == inputs.back()->max_position());
  output.info = std::make_shared<const duck::PartInfo>(*std::move(info));
  Swap swap{.namespace_name = collection.namespace_name,
            .output = std::make_shared<const Part>(std::move(output)),
            .inputs = {inputs.begin(), inputs.end()}};
  if (auto listed = List(swap); !listed) {
    unlisted_ = std::move(swap);
    return std::move(listed).error();
  }
  at_.metrics.merges.Add();
  at_.metrics.merged_rows.Add(rows);
  const std::chrono::duration<double> took = at_.clock.Monotonic() - began;
  at_.metrics.merge_seconds.Observe(took.count());
  LogDebug("parts merged", {{"path", swap.output->path},
                            {"inputs", swap.inputs.size()},
                            {"rows", rows},
                            {"bytes", swap.output->info->bytes},
                            {"elapsed_ms", took.count() * 1000}});
  return Done{};
}

Status Merger::List(const Swap& swap) {
  Edit edit;
  for (const PartPtr& input : swap.inputs) {
    edit.emplace_back(RemovePart{.collection = input->collection,
                                 .min_position = input->min_position(),
                                 .path = input->path});
  }
  edit.emplace_back(AddPart{swap.output});
  RETURN_IF_ERROR(at_.manifests.Apply(swap.namespace_name, edit));
  FaultPoint<"store.merge.listed">();
  for (const PartPtr& input : swap.inputs) graveyard_.Bury(input);
  FaultPoint<"store.merge.inputs_buried">();
  return Done{};
}

void Merger::NoteFailure(const Choice& choice, const Error& error, const std::stop_token& stop) {
  at_.metrics.merge_failures.Add();
  const model::CollectionId id = choice.parts->collection.id;
  const auto count = static_cast<std::uint32_t>(choice.range.count());
  const auto inputs = std::span(choice.parts->parts).subspan(choice.range.begin, count);
  LogWarn("parts not merged; they stay as they are", error,
          {{"namespace", choice.manifest->namespace_name},
           {"collection", choice.parts->collection.name},
           {"parts", count}});
  if (error.code == Code::kTooLarge && count > 2) {
    inputs_max_[id] = std::max(2U, count / 2);
  } else if (error.code == Code::kTooLarge) {
    for (const PartPtr& part : inputs) left_alone_.insert(part->path);
  } else if (error.code == Code::kCorrupt && !SuspectUnsound(inputs, stop)) {
    for (const PartPtr& part : inputs) left_alone_.insert(part->path);
  } else {
    const bool may_not_read = error.code == Code::kIo || error.code == Code::kUnavailable;
    if (may_not_read) SuspectUnsound(inputs, stop);
    retry_at_[id] = at_.clock.Monotonic() + kRetryAfter;
  }
}

bool Merger::SuspectUnsound(std::span<const PartPtr> inputs, const std::stop_token& stop) {
  const Pace pace = [&](std::uint64_t) { return !stop.stop_requested(); };
  bool any = false;
  for (const PartPtr& part : inputs) {
    const Verdict verdict = CheckPart(*part, at_.config().data_dir, at_.files, pace);
    if (!verdict.is_suspicious()) continue;
    if (verdict.is_damage()) {
      repair_.Suspect(part->path);
    } else {
      repair_.SuspectUnreadable(part->path);
    }
    any = true;
  }
  return any;
}

}  // namespace strata::store
