// A client of `strata chaos`: sends one request after the other, writes each answer into its ledger
// before it goes on, and sends again what was not answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>

#include "app/chaos_findings.h"
#include "app/chaos_ledger.h"
#include "app/chaos_sender.h"

namespace strata::app {

// What all clients of a run did. Thread-safe.
struct ChaosTraffic {
  std::atomic<std::uint64_t> acked_requests{0};
  std::atomic<std::uint64_t> acked_records{0};
  std::atomic<std::uint64_t> unanswered{0};  // requests whose answer was cut off
  std::atomic<std::uint64_t> repeated{0};    // sent again after that, with the same bytes
  std::atomic<std::uint64_t> recognised{0};  // answers that said so: strata-duplicate
  std::atomic<std::uint64_t> busy{0};        // 503, UNAVAILABLE
};

// Lives through many lives of its server. Used by one thread at a time.
class ChaosClient {
 public:
  ChaosClient(const ChaosRequests& requests, std::unique_ptr<ChaosLedger> ledger,
              std::uint64_t seed, ChaosTraffic& traffic, ChaosFindings& findings)
      : requests_(requests),
        ledger_(std::move(ledger)),
        random_(seed),
        traffic_(traffic),
        findings_(findings) {}

  // Until `stop`, or until the connection breaks.
  void Run(ChaosSender& sender, const std::atomic<bool>& stop);

  ChaosLedger& ledger() { return *ledger_; }

 private:
  struct Turn {
    ChaosRequestId id;
    ChaosRequest request;
    bool sent_before = false;
  };
  Turn NextTurn();
  // False: the connection broke.
  bool Send(ChaosSender& sender, Turn turn, const std::atomic<bool>& stop);
  void OnStored(const Turn& turn, const ChaosAnswer& answer);
  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  const ChaosRequests& requests_;
  const std::unique_ptr<ChaosLedger> ledger_;
  std::mt19937_64 random_;
  ChaosTraffic& traffic_;
  ChaosFindings& findings_;
  std::optional<std::uint64_t> unanswered_;  // sent, and neither answered nor given up
};

}  // namespace strata::app
