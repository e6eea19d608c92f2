#include "ingest/definitions.h"

#include <memory>
#include <mutex>

#include "base/fault_point.h"
#include "wal/define.h"

namespace strata::ingest {
namespace {

std::string KeyOf(std::string_view namespace_name, model::Kind kind) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(kind)));
  key += namespace_name;
  return key;
}

}  // namespace

struct Definitions::DefineFrame final : wal::Append {
  std::string key;
  Bytes bytes;
};

Definitions::Definitions(model::CollectionTable& collections, const Clock& clock, std::size_t max)
    : collections_(collections), clock_(clock), max_(max) {}

Result<const model::Collection*> Definitions::Get(std::string_view namespace_name,
                                                  model::Kind kind) {
  const std::string key = KeyOf(namespace_name, kind);
  {
    const std::shared_lock lock(mutex_);
    const auto found = defined_.find(key);
    if (found != defined_.end()) return found->second;
  }
  const std::unique_lock lock(mutex_);
  const auto found = defined_.find(key);
  if (found != defined_.end()) return found->second;
  ASSIGN_OR_RETURN(const auto added,
                   collections_.Add(namespace_name, model::KindName(kind), kind, max_));
  RETURN_IF_ERROR(SubmitDefine(*added.collection));
  defined_.emplace(key, added.collection);
  return added.collection;
}

Status Definitions::SubmitDefine(const model::Collection& collection) {
  auto frame = std::make_unique<DefineFrame>();
  frame->key = KeyOf(collection.namespace_name, collection.kind);
  frame->bytes = wal::EncodeDefine({
      .namespace_id = collection.id,
      .collection_id = collection.id,
      .kind = static_cast<std::uint8_t>(collection.kind),
      .namespace_name = collection.namespace_name,
      .collection_name = collection.name,
  });
  frame->payload = frame->bytes;
  frame->info.type = wal::FrameType::kDefine;
  frame->info.kind = static_cast<std::uint8_t>(collection.kind);
  frame->info.collection_id = collection.id;
  frame->info.received_ns = clock_.WallNanos();
  RETURN_IF_ERROR(log_->Submit(*frame));
  FaultPoint<"ingest.define.submitted">();
  static_cast<void>(frame.release());  // Settle() takes it back
  return Done{};
}

void Definitions::MarkAllDefined() {
  const std::unique_lock lock(mutex_);
  for (const model::Collection* collection : collections_.All()) {
    MarkInLog(collection->id, true);
    if (collection->name != model::KindName(collection->kind)) continue;
    defined_.emplace(KeyOf(collection->namespace_name, collection->kind), collection);
  }
}

void Definitions::MarkInLog(model::CollectionId id, bool is_in_log) {
  if (in_log_.size() <= id) in_log_.resize(id + 1);
  in_log_[id] = is_in_log;
}

void Definitions::Admit(const wal::Append& append) {
  MarkInLog(append.info.collection_id, true);
}

void Definitions::Settle(wal::Append& append, const Status& status) {
  const std::unique_ptr<DefineFrame> frame(static_cast<DefineFrame*>(&append));
  FaultPoint<"ingest.define.settled">();
  if (status) return;
  MarkInLog(frame->info.collection_id, false);
  const std::unique_lock lock(mutex_);
  defined_.erase(frame->key);
}

}  // namespace strata::ingest
