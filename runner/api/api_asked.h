// A request that matched a route; shared by the sources of Api.
#pragma once

#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "runner/api/api.h"

namespace quietgate {

struct Api::Asked {
  const ApiRequest& request;
  Target target;
  std::map<std::string, std::string> names;  // the path's parameters
  RunId run;                                 // number 0: the path names none

  // A query's whole number; nothing when it is absent; `bad` is set when it is no number of that range.
  std::optional<std::int64_t> number(const std::string& key, std::int64_t least, std::int64_t most, bool& bad) const {
    auto text = target.value(key);
    if (!text) return std::nullopt;
    return parsed(*text, least, most, bad);
  }
  static std::optional<std::int64_t> parsed(const std::string& text, std::int64_t least, std::int64_t most, bool& bad) {
    std::int64_t value = 0;
    auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size() || value < least || value > most) {
      bad = true;
      return std::nullopt;
    }
    return value;
  }
};

struct Api::Route {
  const char* method;
  const char* path;
  ApiResponse (Api::*answer)(const Asked&);
  bool changes = false;  // needs the token
  std::uint64_t body_limit = changes ? 64 * 1024 : 0;
};

inline Answer json_answer(std::string body, int status = 200) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

// A question to the journal failed: ours, not the caller's.
inline Answer failed_answer(const Error& error) {
  return error_answer(503, error.message, error.advice);
}

}  // namespace quietgate
