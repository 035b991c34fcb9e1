// The list of endpoints, and the search for the endpoint of a request.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "runner/api/route.h"

namespace quietgate {

const std::vector<Route>& routes();

struct RouteMatch {
  const Route* route = nullptr;
  std::map<std::string, std::string> names;  // the path's parameters
};
// Searches by method (HEAD counts as GET) and path. If there is no endpoint, the Answer is 404, or 405 with the allowed
// methods.
std::variant<Answer, RouteMatch> find_route(const std::string& method, const Target& target);

}  // namespace quietgate
