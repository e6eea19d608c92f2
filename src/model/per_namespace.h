// A value that holds for every namespace, with exceptions for single ones.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace strata::model {

template <class T>
struct PerNamespace {
  T others{};
  std::map<std::string, T, std::less<>> exceptions = {};

  const T& Of(std::string_view namespace_name) const {
    const auto found = exceptions.find(namespace_name);
    return found == exceptions.end() ? others : found->second;
  }

  bool operator==(const PerNamespace&) const = default;
};

}  // namespace strata::model
