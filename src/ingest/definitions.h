// Definitions: from names to collections, each of which stands in the log before its first records.
//
// Threads: any.
#pragma once

#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/collection.h"
#include "wal/log.h"

namespace strata::ingest {

class Definitions {
 public:
  Definitions(model::CollectionTable& collections, const Clock& clock, std::size_t max);

  void Attach(wal::Log& log) { log_ = &log; }

  // The kind's default collection of a namespace. When it is new, its define frame is submitted
  // before this returns, so that it gets a lower position than any record. Errors: kExhausted
  // beyond the limit of collections; those of Log::Submit.
  Result<const model::Collection*> Get(std::string_view namespace_name, model::Kind kind);

  // Collections that the log or the manifest defines already.
  void MarkAllDefined();

  // Committer's thread only: a define frame is about to be written / stands in the log.
  void Admit(const wal::Append& append);
  bool IsInLog(model::CollectionId id) const { return id < in_log_.size() && in_log_[id]; }

  // The define frame was settled. When it failed, the next Get() submits another one.
  void Settle(wal::Append& append, const Status& status);

 private:
  struct DefineFrame;
  void MarkInLog(model::CollectionId id, bool is_in_log);
  Status SubmitDefine(const model::Collection& collection);

  model::CollectionTable& collections_;
  const Clock& clock_;
  const std::size_t max_;
  wal::Log* log_ = nullptr;

  std::vector<bool> in_log_;  // by id; committer's thread only
  std::shared_mutex mutex_;
  // By "kind letter + namespace": what may be used.
  std::unordered_map<std::string, const model::Collection*> defined_;
};

}  // namespace strata::ingest
