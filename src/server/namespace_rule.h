// Whose data a request is about.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/handler.h"

namespace strata::server {

// Lower case, as in the metadata of gRPC.
inline constexpr std::string_view kNamespaceHeader = "x-scope-orgid";

// 1 to 63 letters, digits, '-' or '_', starting with a letter or digit.
bool IsNamespaceName(std::string_view name);

// The header X-Scope-OrgID (gRPC: its metadata), else `default`. A bad name, also an empty one, is
// kInvalidInput: nothing may be stored under a name that was not meant.
Result<std::string> NamespaceOf(const HeaderView& headers);

}  // namespace strata::server
