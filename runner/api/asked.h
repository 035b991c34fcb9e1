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
  RunId run;                                 // number 0: the path names none
  Principal principal;

  // A query's whole number; nothing when it is absent; `bad` is set when it is no number of that range.
  std::optional<std::int64_t> number(const std::string& key, std::int64_t least, std::int64_t most, bool& bad) const;
  // Where a stream goes on: after Last-Event-ID, else after the query's `key`, else nothing. Likewise.
  std::optional<std::int64_t> resumed(const std::string& key, bool& bad) const;
};

}  // namespace quietgate
