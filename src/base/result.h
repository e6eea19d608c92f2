// Result<T>: a value or an Error. The one error channel of the product.
//
// Errors are for what the outside world does to us (a full disk, a torn record, a bad request).
// Broken invariants are CHECKs, not Errors. Exceptions are for third parties only: they are caught
// in the adapter and turned into an Error.
// The member names follow std::expected, so `template <class T> using Result =
// std::expected<T, Error>` can replace this file when the compiler allows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace strata {

// What a caller may do about it, not where it happened.
enum class Code : std::uint8_t {
  kInvalidInput,  // the caller's bytes are wrong; retrying cannot help
  kCorrupt,       // our own stored bytes are wrong; never skip silently
  kNotFound,
  kConflict,     // contradicts what is stored already (409, ALREADY_EXISTS)
  kForbidden,    // the caller may not do this (403, PERMISSION_DENIED)
  kTooLarge,     // over a fixed limit; retrying cannot help (413, RESOURCE_EXHAUSTED)
  kExhausted,    // over a limit now; retry later (429 / UNAVAILABLE with a delay)
  kUnavailable,  // a dependency is down; retry with backoff (503 / UNAVAILABLE)
  kTimeout,      // took longer than allowed (504, DEADLINE_EXCEEDED)
  kIo,           // the operating system refused
};

std::string_view CodeName(Code code);

struct Error {
  Code code;
  std::string message;

  // Outermost context first: "open wal: segment 7: checksum mismatch".
  Error Within(std::string_view context) && {
    message.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  T& value() {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }

  const Error& error() const& {
    CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    CHECK(!has_value());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

struct Done {};  // Result<void> without a second template
using Status = Result<Done>;

}  // namespace strata

// ASSIGN_OR_RETURN(auto header, DecodeHeader(bytes));
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_(STRATA_CAT(result_, __COUNTER__), lhs, expr)
#define ASSIGN_OR_RETURN_(tmp, lhs, expr)  \
  auto tmp = (expr);                       \
  if (!tmp) return std::move(tmp).error(); \
  lhs = *std::move(tmp)
#define RETURN_IF_ERROR(expr)              \
  do {                                     \
    if (auto status_ = (expr); !status_) { \
      return std::move(status_).error();   \
    }                                      \
  } while (false)
#define STRATA_CAT(a, b) STRATA_CAT2(a, b)
#define STRATA_CAT2(a, b) a##b
