#include "app/chaos_client.h"

#include <thread>

namespace strata::app {
namespace {

constexpr std::chrono::milliseconds kBusyPause{2};
// Of so many requests one is given up when its answer was cut off, and one that was answered is
// sent once more.
constexpr std::uint64_t kGiveUpEvery = 5;
constexpr std::uint64_t kRepeatEvery = 12;

}  // namespace

ChaosClient::Turn ChaosClient::NextTurn() {
  if (unanswered_) {
    const std::uint64_t number = *unanswered_;
    if (Below(kGiveUpEvery) != 0) {
      traffic_.repeated.fetch_add(1, std::memory_order_relaxed);
      const ChaosRequestId id{.client = ledger_->client(), .number = number};
      return {.id = id, .request = requests_.Make(id), .sent_before = true};
    }
    unanswered_.reset();
  }
  const std::uint64_t known = ledger_->entries().size();
  if (known > 0 && Below(kRepeatEvery) == 0) {
    const ChaosRequestId id{.client = ledger_->client(), .number = Below(known)};
    // One that was given up stays so: its place in the order is behind us.
    if (ledger_->entry(id.number).acked) {
      traffic_.repeated.fetch_add(1, std::memory_order_relaxed);
      return {.id = id, .request = requests_.Make(id), .sent_before = true};
    }
  }
  Turn turn;
  turn.id = ledger_->Begin(requests_, turn.request);
  return turn;
}

void ChaosClient::Run(ChaosSender& sender, const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) {
    if (!Send(sender, NextTurn(), stop)) return;
  }
}

bool ChaosClient::Send(ChaosSender& sender, Turn turn, const std::atomic<bool>& stop) {
  if (!ledger_->entry(turn.id.number).acked) unanswered_ = turn.id.number;
  while (true) {
    const auto answer = sender.Send(turn.id, turn.request);
    if (!answer) {
      traffic_.unanswered.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (answer->verdict == ChaosAnswer::Verdict::kStored) {
      OnStored(turn, *answer);
      return true;
    }
    if (answer->verdict == ChaosAnswer::Verdict::kRefused) {
      findings_.Add(ChaosBreach::kFailed,
                    "a good request was refused: " + turn.id.Text() + ": " + answer->text);
      return false;
    }
    traffic_.busy.fetch_add(1, std::memory_order_relaxed);
    turn.sent_before = true;  // a server that stops may have stored it
    if (stop.load(std::memory_order_relaxed)) return true;
    std::this_thread::sleep_for(kBusyPause);
  }
}

void ChaosClient::OnStored(const Turn& turn, const ChaosAnswer& answer) {
  const auto fail = [&](const std::string& what) {
    findings_.Add(ChaosBreach::kFailed, "request " + turn.id.Text() + ": " + what);
  };
  ChaosEntry& entry = ledger_->entry(turn.id.number);
  if (answer.receipt == 0) fail("success without a receipt");
  if (answer.rejected) fail("records were rejected: " + answer.text);
  if (answer.duplicate) traffic_.recognised.fetch_add(1, std::memory_order_relaxed);
  if (answer.duplicate && !turn.sent_before) fail("called a repetition, and was not sent before");
  if (entry.acked) {
    if (!answer.duplicate || answer.receipt != entry.receipt) {
      findings_.Add(ChaosBreach::kDuplicated,
                    "request " + turn.id.Text() + " has receipt " + std::to_string(entry.receipt) +
                        ", and sent again " + std::to_string(answer.receipt),
                    entry.row_hashes.size());
    }
    return;
  }
  if (const Status noted = ledger_->Ack(turn.id.number, answer.receipt); !noted) {
    fail("the ledger could not be written: " + noted.error().message);
  }
  unanswered_.reset();
  traffic_.acked_requests.fetch_add(1, std::memory_order_relaxed);
  traffic_.acked_records.fetch_add(entry.row_hashes.size(), std::memory_order_relaxed);
}

}  // namespace strata::app
