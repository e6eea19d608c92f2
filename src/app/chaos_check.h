// Compares what a server has with what its clients know.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/chaos_findings.h"
#include "app/chaos_ledger.h"
#include "base/result.h"
#include "net/http_client.h"

namespace strata::app {

struct ChaosCheckOptions {
  std::string name_space;
  // Metrics that are older than this may be gone.
  std::optional<std::chrono::milliseconds> metrics_kept;
};

// All records of the ledgers' clients through SQL: each acknowledged one once, the others at most
// once and whole requests of them, in the order in which each client sent them, and each field as
// it was sent. What is not so goes to `findings`. An error: the server did not answer.
Status CheckStored(net::HttpClient& http, const ChaosRequests& requests,
                   std::span<ChaosLedger* const> ledgers, const ChaosCheckOptions& options,
                   ChaosFindings& findings);

}  // namespace strata::app
