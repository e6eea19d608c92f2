// Callback<void(Outcome&&)>: a callable that is owned by one holder and moved from stage to stage.
// What std::move_only_function is in C++23; captures of up to 64 bytes are kept inline, so that a
// request's continuation costs no allocation.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace strata {

template <class Signature>
class Callback;

template <class R, class... Args>
class Callback<R(Args...)> {
 public:
  Callback() = default;

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Callback> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  Callback(F&& callable) {  // NOLINT(google-explicit-constructor)
    using Held = std::remove_cvref_t<F>;
    if constexpr (FitsInline<Held>()) {
      new (&storage_) Held(std::forward<F>(callable));
      ops_ = &kInline<Held>;
    } else {
      using Boxed = std::unique_ptr<Held>;
      new (&storage_) Boxed(std::make_unique<Held>(std::forward<F>(callable)));
      ops_ = &kBoxed<Held>;
    }
  }

  Callback(Callback&& other) noexcept { Take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      Drop();
      Take(other);
    }
    return *this;
  }
  ~Callback() { Drop(); }

  explicit operator bool() const { return ops_ != nullptr; }

  // Requires: holds a callable.
  R operator()(Args... args) {
    CHECK(ops_ != nullptr);
    return ops_->call(&storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInlineBytes = 64;

  struct Ops {
    R (*call)(void* storage, Args&&... args);
    void (*move)(void* from, void* to) noexcept;  // constructs at `to`, destroys `from`
    void (*destroy)(void* storage) noexcept;
  };

  template <class Held>
  static constexpr bool FitsInline() {
    return sizeof(Held) <= kInlineBytes && alignof(Held) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Held>;
  }

  template <class Stored>
  static void MoveStored(void* from, void* to) noexcept {
    auto* stored = static_cast<Stored*>(from);
    new (to) Stored(std::move(*stored));
    stored->~Stored();
  }
  template <class Stored>
  static void DestroyStored(void* storage) noexcept {
    static_cast<Stored*>(storage)->~Stored();
  }

  template <class Held>
  static constexpr Ops kInline{[](void* storage, Args&&... args) -> R {
                                 return (*static_cast<Held*>(storage))(std::forward<Args>(args)...);
                               },
                               &MoveStored<Held>, &DestroyStored<Held>};

  template <class Held>
  static constexpr Ops kBoxed{
      [](void* storage, Args&&... args) -> R {
        return (**static_cast<std::unique_ptr<Held>*>(storage))(std::forward<Args>(args)...);
      },
      &MoveStored<std::unique_ptr<Held>>, &DestroyStored<std::unique_ptr<Held>>};

  void Take(Callback& other) noexcept {
    ops_ = std::exchange(other.ops_, nullptr);
    if (ops_ != nullptr) ops_->move(&other.storage_, &storage_);
  }
  void Drop() noexcept {
    if (ops_ != nullptr) std::exchange(ops_, nullptr)->destroy(&storage_);
  }

  const Ops* ops_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
};

}  // namespace strata
