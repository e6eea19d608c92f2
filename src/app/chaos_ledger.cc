#include "app/chaos_ledger.h"

#include "base/hash.h"

namespace strata::app {

std::uint64_t ChaosRowHash(std::string_view row) {
  return Hash64(AsBytes(row));
}

Result<std::unique_ptr<ChaosLedger>> ChaosLedger::Create(std::uint32_t client,
                                                         const std::filesystem::path& file,
                                                         os::FileSystem& files) {
  ASSIGN_OR_RETURN(
      auto opened,
      files.Open(file, {.access = os::Access::kReadWrite, .create = true, .truncate = true}));
  RETURN_IF_ERROR(files.SyncDirectory(file.parent_path()));
  return std::unique_ptr<ChaosLedger>(new ChaosLedger(client, std::move(opened)));
}

ChaosRequestId ChaosLedger::Begin(const ChaosRequests& requests, ChaosRequest& request) {
  const ChaosRequestId id{.client = client_, .number = entries_.size()};
  request = requests.Make(id);
  ChaosEntry entry{.kind = request.kind, .begun_at = SystemClock().Monotonic(), .row_hashes = {}};
  for (const std::string& row : request.rows) entry.row_hashes.push_back(ChaosRowHash(row));
  entries_.push_back(std::move(entry));
  return id;
}

Status ChaosLedger::Ack(std::uint64_t number, std::uint64_t receipt) {
  const std::string line = std::to_string(number) + " " + std::to_string(receipt) + "\n";
  RETURN_IF_ERROR(file_->WriteAt(file_bytes_, AsBytes(line)));
  RETURN_IF_ERROR(file_->Sync());
  file_bytes_ += line.size();
  entries_[number].acked = true;
  entries_[number].receipt = receipt;
  return Done{};
}

}  // namespace strata::app
