// Every endpoint, and how a request finds its own.
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
// By method (HEAD counts as GET) and path; an Answer says why there is none: 404, or 405 with what is possible.
std::variant<Answer, RouteMatch> find_route(const std::string& method, const Target& target);

}  // namespace quietgate
