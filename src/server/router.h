// From verb and path to a handler. Filled before the listeners start, constant afterwards.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/handler.h"

namespace strata::server {

class Router final : public Handler {
 public:
  // Routes are exact; one that ends with '*' takes every path that starts with what stands before
  // it (exact routes first, then the longest). A handler may serve many routes and must outlive the
  // router. Requires: not added before.
  void Add(std::string_view verb, std::string_view path, Handler& handler);

  // Unknown path: 404 / UNIMPLEMENTED; known path, other verb: 405 with Allow. HEAD falls back to
  // GET.
  void Handle(Request&& request, Reply reply) override;

  // "GET /readyz", in order: what the API document must list.
  std::vector<std::string> Routes() const;

 private:
  struct Route {
    std::string verb;
    Handler* handler;
  };
  const std::vector<Route>* Find(std::string_view path) const;

  std::map<std::string, std::vector<Route>, std::less<>> exact_;
  std::map<std::string, std::vector<Route>, std::less<>> prefixes_;  // without the '*'
};

}  // namespace strata::server
