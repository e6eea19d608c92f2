#include "server/router.h"

#include <algorithm>

#include "base/check.h"
#include "server/error_response.h"

namespace strata::server {

void Router::Add(std::string_view verb, std::string_view path, Handler& handler) {
  const bool prefix = path.ends_with('*');
  auto& routes =
      prefix ? prefixes_[std::string(path.substr(0, path.size() - 1))] : exact_[std::string(path)];
  for (const Route& route : routes) CHECK(route.verb != verb);
  routes.push_back({.verb = std::string(verb), .handler = &handler});
}

const std::vector<Router::Route>* Router::Find(std::string_view path) const {
  if (const auto found = exact_.find(path); found != exact_.end()) return &found->second;
  const std::vector<Route>* longest = nullptr;
  for (const auto& [prefix, routes] : prefixes_) {  // in order, so that longer ones come later
    if (path.starts_with(prefix)) longest = &routes;
  }
  return longest;
}

void Router::Handle(Request&& request, Reply reply) {
  // An error of gRPC is a google.rpc.Status, whatever the path.
  const std::string_view content_type = request.transport == Transport::kGrpc
                                            ? "application/x-protobuf"
                                            : request.headers->Get("content-type");
  const auto* routes = Find(request.path);
  if (routes == nullptr) {
    reply(ErrorResponse(request.path, content_type, {404, GrpcCode::kUnimplemented},
                        "nothing is served at " + std::string(request.path.substr(0, 200))));
    return;
  }
  for (const std::string_view verb :
       {request.verb, request.verb == "HEAD" ? std::string_view("GET") : request.verb}) {
    const auto route = std::ranges::find(*routes, verb, &Route::verb);
    if (route == routes->end()) continue;
    route->handler->Handle(std::move(request), std::move(reply));
    return;
  }
  std::string allowed;
  for (const Route& route : *routes) allowed += (allowed.empty() ? "" : ", ") + route.verb;
  Response response = ErrorResponse(request.path, content_type, {405, GrpcCode::kUnimplemented},
                                    "only " + allowed + " is served here");
  response.headers.emplace_back("allow", std::move(allowed));
  reply(std::move(response));
}

std::vector<std::string> Router::Routes() const {
  std::vector<std::string> out;
  for (const auto& [path, routes] : exact_) {
    for (const Route& route : routes) out.push_back(route.verb + " " + path);
  }
  for (const auto& [prefix, routes] : prefixes_) {
    for (const Route& route : routes) out.push_back(route.verb + " " + prefix + "*");
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace strata::server
