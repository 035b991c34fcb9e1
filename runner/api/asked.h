// A request that matched a route.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "runner/api/auth/principal.h"
#include "runner/api/exchange.h"

namespace quietgate {

struct Asked {
  ApiRequest request;
  Target target;
  std::map<std::string, std::string> names;  // the path's parameters
  RunId run;                                 // number 0: the path names no run
  Principal principal;

  // The query parameter as a whole number; nothing if it is absent. Sets `bad` if it is not a number in the range.
  std::optional<std::int64_t> number(const std::string& key, std::int64_t least, std::int64_t most, bool& bad) const;
  // Where a stream continues: after Last-Event-ID, else after the query parameter `key`, else nothing. Sets `bad` like
  // number().
  std::optional<std::int64_t> resumed(const std::string& key, bool& bad) const;
};

}  // namespace quietgate
