#include "runner/engine/upkeep/heartbeat.h"

#include <algorithm>

namespace quietgate {

namespace {

constexpr Milliseconds longest_call{10'000};

Task<std::string> call(Http& http, const HeartbeatRule& rule, Stop& stop) {
  HttpRequest request;
  request.url = rule.url;
  request.deadline = std::min(longest_call, rule.every);
  auto answer = co_await http.send(std::move(request), stop);
  // The address is often a secret: the error would name it.
  if (!answer) co_return std::string("it can't be reached");
  if (answer->status / 100 == 2) co_return std::string();
  co_return "it answered " + std::to_string(answer->status);
}

}  // namespace

Task<void> beat(HeartbeatRule rule, Http& http, Catalog& catalog, Clock& clock,
                std::function<void(const std::string& line)> say, Stop& stop) {
  bool failing = false;
  for (;;) {
    auto readable = co_await catalog.runs("", 1);
    std::string problem;
    if (readable) {
      problem = co_await call(http, rule, stop);
    } else {
      problem = readable.error().message;
    }
    if (!problem.empty() && !failing) say("the heartbeat call fails: " + problem);
    if (problem.empty() && failing) say("the heartbeat call works again");
    failing = !problem.empty();
    co_await clock.sleep(rule.every, stop);
  }
}

}  // namespace quietgate
