// Text to typed value and back, for each type that a setting may have. ParseValue's errors say what
// is wrong with the text; who calls it knows the name of the setting and where the text stands.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "app/config.h"

namespace strata::app {

// Inclusive, in the unit of the value: bytes, milliseconds or a count.
struct Bounds {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();
};

Status ParseValue(std::string_view text, const Bounds& bounds, Size& value);
Status ParseValue(std::string_view text, const Bounds& bounds, std::chrono::milliseconds& value);
// The word `default` is the empty optional.
Status ParseValue(std::string_view text, const Bounds& bounds,
                  std::optional<std::chrono::milliseconds>& value);
Status ParseValue(std::string_view text, const Bounds& bounds, std::uint64_t& value);
Status ParseValue(std::string_view text, const Bounds& bounds, std::filesystem::path& value);
Status ParseValue(std::string_view text, const Bounds& bounds, Address& value);
// "true", "true,audit=false": what holds for all, then namespaces that differ.
Status ParseValue(std::string_view text, const Bounds& bounds, model::PerNamespace<bool>& value);

std::string FormatValue(const Size& value);
std::string FormatValue(const std::chrono::milliseconds& value);
std::string FormatValue(const std::optional<std::chrono::milliseconds>& value);
std::string FormatValue(const std::uint64_t& value);
std::string FormatValue(const std::filesystem::path& value);
std::string FormatValue(const Address& value);
std::string FormatValue(const model::PerNamespace<bool>& value);

// What the help text writes in the place of a value.
std::string KindOf(const Size& value);
std::string KindOf(const std::chrono::milliseconds& value);
std::string KindOf(const std::optional<std::chrono::milliseconds>& value);
std::string KindOf(const std::uint64_t& value);
std::string KindOf(const std::filesystem::path& value);
std::string KindOf(const Address& value);
std::string KindOf(const model::PerNamespace<bool>& value);

// Types whose values are a few words.
template <class T>
struct Word {
  std::string_view text;
  T value;
};
template <class T>
struct WordsOf;
template <>
struct WordsOf<bool> {
  static constexpr std::array kAll = {Word<bool>{"true", true}, Word<bool>{"false", false}};
};
template <>
struct WordsOf<LogLevel> {
  static constexpr std::array kAll = {
      Word<LogLevel>{"debug", LogLevel::kDebug}, Word<LogLevel>{"info", LogLevel::kInfo},
      Word<LogLevel>{"warn", LogLevel::kWarn}, Word<LogLevel>{"error", LogLevel::kError}};
};
template <>
struct WordsOf<LogFormat> {
  static constexpr std::array kAll = {Word<LogFormat>{"auto", LogFormat::kAuto},
                                      Word<LogFormat>{"text", LogFormat::kText},
                                      Word<LogFormat>{"json", LogFormat::kJson}};
};
template <>
struct WordsOf<LogSync> {
  static constexpr std::array kAll = {Word<LogSync>{"group", LogSync::kGroup},
                                      Word<LogSync>{"interval", LogSync::kInterval}};
};
template <>
struct WordsOf<Backend> {
  static constexpr std::array kAll = {Word<Backend>{"embedded", Backend::kEmbedded}};
};

template <class T>
concept IsWord = requires { WordsOf<T>::kAll; };

template <IsWord T>
std::string KindOf(const T&) {
  std::string joined;
  for (const auto& word : WordsOf<T>::kAll) {
    if (!joined.empty()) joined += '|';
    joined += word.text;
  }
  return joined;
}

template <IsWord T>
Status ParseValue(std::string_view text, const Bounds&, T& value) {
  for (const auto& word : WordsOf<T>::kAll) {
    if (word.text != text) continue;
    value = word.value;
    return Done{};
  }
  return Error{Code::kInvalidInput, "'" + std::string(text) + "' is not one of " + KindOf(value)};
}

template <IsWord T>
std::string FormatValue(const T& value) {
  for (const auto& word : WordsOf<T>::kAll) {
    if (word.value == value) return std::string(word.text);
  }
  return {};
}

}  // namespace strata::app
