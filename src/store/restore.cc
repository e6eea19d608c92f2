#include "store/restore.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/log.h"
#include "os/quarantine.h"
#include "store/check.h"
#include "store/coverage.h"

namespace strata::store {

void Restore::Look(const std::stop_token& stop) {
  for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      for (const LostRows& lost : parts->lost) {
        if (stop.stop_requested()) return;
        if (lost.part != nullptr && !refused_.contains(lost.part->path)) {
          LookFor(*parts, lost, stop);
        }
      }
    }
  }
}

// A file of another size may be on its way still.
void Restore::LookFor(const CollectionParts& parts, const LostRows& lost,
                      const std::stop_token& stop) {
  const auto& data_dir = at_.config().data_dir;
  if (GlanceAtPart(*lost.part, data_dir, at_.files).soundness != Soundness::kSound) return;
  const Verdict verdict = CheckPart(*lost.part, data_dir, at_.files,
                                    [&](std::uint64_t) { return !stop.stop_requested(); });
  if (verdict.soundness == Soundness::kStopped) return;
  Status served = verdict.soundness == Soundness::kSound
                      ? Serve(parts, lost.part)
                      : Status(Error{Code::kCorrupt, verdict.reason});
  if (served) return;
  const Code code = served.error().code;
  if (code == Code::kCorrupt || code == Code::kConflict) refused_.insert(lost.part->path);
  LogWarn("a part that is told as lost is there and is not served", served.error(),
          {{"path", lost.part->path}});
}

Status Restore::Serve(const CollectionParts& parts, const PartPtr& part) {
  // An edit before may have changed the collection.
  const model::Collection& collection = parts.collection;
  const ManifestPtr manifest = at_.manifests.Pin(collection.namespace_name);
  const auto covered = CoverageOf(*manifest->Find(collection.id),
                                  {.first = part->min_position(), .last = part->max_position()});
  if (!covered || covered->rows != part->rows() || covered->lost.empty()) {
    return Error{Code::kConflict, "other parts have rows of its positions"};
  }
  ASSIGN_OR_RETURN(const PartPtr again, WithFilterThatReads(part));
  Edit edit;
  AddInstead(again, *covered, edit);
  RETURN_IF_ERROR(at_.manifests.Apply(collection.namespace_name, edit));
  for (const PartPtr& other : covered->parts) graveyard_.Bury(other);
  at_.metrics.restored_parts.Add();
  LogWarn("a part that was told as lost is there again, and is part of answers",
          {{"path", part->path}, {"rows", part->rows()}});
  return Done{};
}

Result<PartPtr> Restore::WithFilterThatReads(const PartPtr& part) {
  const Verdict verdict = CheckFilter(*part, at_.config().data_dir, at_.files, {});
  if (verdict.soundness == Soundness::kSound) return part;
  auto kept = os::SetAside(at_.config().data_dir, FilterPath(part->path), at_.files);
  if (!kept && kept.error().code != Code::kNotFound) return std::move(kept).error();
  return WithoutFilter(*part);
}

}  // namespace strata::store
