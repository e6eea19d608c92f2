// How many bytes of requests are in flight, over all listeners, and how many may be. Reserved while
// a body comes in, released when its answer has been sent: what does not fit is refused as
// retryable, so that overload costs an answer instead of memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace strata::server {

class Ledger {
 public:
  explicit Ledger(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  std::uint64_t limit_bytes() const { return limit_bytes_.load(std::memory_order_relaxed); }
  // What is reserved already stays. Any thread.
  void SetLimit(std::uint64_t limit_bytes) {
    limit_bytes_.store(limit_bytes, std::memory_order_relaxed);
  }
  std::uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  // Reserves nothing: whether a request of so many bytes is worth reading at all.
  bool HasRoom(std::uint64_t bytes) const { return used_bytes() + bytes <= limit_bytes(); }

  // What one request has reserved; gives it back when destroyed. Confined to one thread at a time.
  class Hold {
   public:
    Hold() = default;
    explicit Hold(Ledger& ledger) : ledger_(&ledger) {}
    Hold(Hold&& other) noexcept : ledger_(other.ledger_), bytes_(std::exchange(other.bytes_, 0)) {}
    Hold& operator=(Hold&& other) noexcept {
      Release();
      ledger_ = other.ledger_;
      bytes_ = std::exchange(other.bytes_, 0);
      return *this;
    }
    ~Hold() { Release(); }

    std::uint64_t bytes() const { return bytes_; }

    // Holds `total` bytes in all, if there is room; never gives any back. False: nothing changed.
    bool GrowTo(std::uint64_t total) {
      if (total <= bytes_) return true;
      if (!ledger_->TryReserve(total - bytes_)) return false;
      bytes_ = total;
      return true;
    }

    void Release() {
      if (bytes_ != 0) ledger_->used_bytes_.fetch_sub(bytes_, std::memory_order_relaxed);
      bytes_ = 0;
    }

   private:
    Ledger* ledger_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

 private:
  bool TryReserve(std::uint64_t bytes) {
    const std::uint64_t before = used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= limit_bytes()) return true;
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }

  std::atomic<std::uint64_t> limit_bytes_;
  alignas(64) std::atomic<std::uint64_t> used_bytes_{0};
};

}  // namespace strata::server
