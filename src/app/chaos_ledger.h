// What a client of `strata chaos` knows about its requests. Answers are written to a file of its
// own and synced before the client goes on, so that they outlive whatever happens to the server;
// the file is to lie on another file system than the server's.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/chaos_request.h"
#include "base/clock.h"
#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

struct ChaosEntry {
  model::Kind kind{};
  bool acked = false;         // answered with success; else nobody knows whether it is stored
  bool gone = false;          // retention has taken it
  std::uint64_t receipt = 0;  // when acked
  MonotonicTime begun_at{};   // first sent; the server has it since then at the earliest
  std::vector<std::uint64_t> row_hashes;  // of ChaosRequest::rows
};

// The requests of one client, in the order in which they were first sent: the index is the number.
// Used by one thread at a time.
class ChaosLedger {
 public:
  static Result<std::unique_ptr<ChaosLedger>> Create(std::uint32_t client,
                                                     const std::filesystem::path& file,
                                                     os::FileSystem& files);

  std::uint32_t client() const { return client_; }
  const std::vector<ChaosEntry>& entries() const { return entries_; }
  ChaosEntry& entry(std::uint64_t number) { return entries_[number]; }

  // The client's next request, which is about to be sent.
  ChaosRequestId Begin(const ChaosRequests& requests, ChaosRequest& request);
  // Durable when it returns success.
  Status Ack(std::uint64_t number, std::uint64_t receipt);

 private:
  ChaosLedger(std::uint32_t client, std::unique_ptr<os::File> file)
      : client_(client), file_(std::move(file)) {}

  const std::uint32_t client_;
  std::vector<ChaosEntry> entries_;
  const std::unique_ptr<os::File> file_;
  std::uint64_t file_bytes_ = 0;
};

std::uint64_t ChaosRowHash(std::string_view row);

}  // namespace strata::app
