#include "server/namespace_rule.h"

#include <algorithm>

namespace strata::server {

namespace {

constexpr std::size_t kNameBytesMax = 63;

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool IsNamespaceName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && IsLetterOrDigit(name.front()) &&
         std::ranges::all_of(name,
                             [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '_'; });
}

Result<std::string> NamespaceOf(const HeaderView& headers) {
  const auto name = headers.Find(kNamespaceHeader);
  if (!name) return std::string("default");
  if (IsNamespaceName(*name)) return std::string(*name);
  return Error{
      Code::kInvalidInput,
      "X-Scope-OrgID is not a namespace: a name is 1 to 63 letters, digits, '-' or '_' and "
      "starts with a letter or digit"};
}

}  // namespace strata::server
