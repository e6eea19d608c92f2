// How many bytes of requests are in flight, over all listeners, and how many may be. Reserved while
// a body comes in, released when its answer has been sent: what does not fit is refused as
// retryable, so that overload costs an answer instead of memory.
//
// A namespace with several requests on their way has three quarters of it at most, so that one that
// floods leaves room for others. A single request is bounded by the whole alone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
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
    Hold(Hold&& other) noexcept
        : ledger_(other.ledger_), share_(other.share_), bytes_(std::exchange(other.bytes_, 0)) {}
    Hold& operator=(Hold&& other) noexcept {
      Release();
      ledger_ = other.ledger_;
      share_ = other.share_;
      bytes_ = std::exchange(other.bytes_, 0);
      return *this;
    }
    ~Hold() { Release(); }

    // Whose request it is; any text, as it came. What is held from here on counts as its share.
    void ChargeTo(std::string_view namespace_name) {
      Release();
      share_ = std::hash<std::string_view>()(namespace_name) % kShares;
    }

    std::uint64_t bytes() const { return bytes_; }

    // Holds `total` bytes in all, if there is room; never gives any back. False: nothing changed.
    bool GrowTo(std::uint64_t total) {
      if (total <= bytes_) return true;
      if (!ledger_->TryReserve(total - bytes_, bytes_, share_)) return false;
      bytes_ = total;
      return true;
    }

    void Release() {
      if (bytes_ != 0) ledger_->GiveBack(bytes_, share_);
      bytes_ = 0;
    }

   private:
    Ledger* ledger_ = nullptr;
    std::size_t share_ = 0;
    std::uint64_t bytes_ = 0;
  };

 private:
  // Namespaces that meet in one count as one: names from outside size no table.
  static constexpr std::size_t kShares = 1024;

  // `held`: what the same request has reserved before.
  bool TryReserve(std::uint64_t bytes, std::uint64_t held, std::size_t share) {
    const std::uint64_t before = used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    const std::uint64_t of_share = shares_[share].fetch_add(bytes, std::memory_order_relaxed);
    const std::uint64_t limit = limit_bytes();
    const bool is_alone = of_share <= held;
    if (before + bytes <= limit && (is_alone || of_share + bytes <= limit - limit / 4)) return true;
    GiveBack(bytes, share);
    return false;
  }
  void GiveBack(std::uint64_t bytes, std::size_t share) {
    shares_[share].fetch_sub(bytes, std::memory_order_relaxed);
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> limit_bytes_;
  alignas(64) std::atomic<std::uint64_t> used_bytes_{0};
  std::array<std::atomic<std::uint64_t>, kShares> shares_{};
};

}  // namespace strata::server
