#include "runner/api/routes.h"

#include <optional>
#include <string_view>

namespace quietgate {

// An endpoint is a file in routes/ that makes its Route, a line here, and its description in openapi.json.
#define QUIETGATE_ROUTES(EACH) \
  EACH(welcome_route)          \
  EACH(healthy_route)          \
  EACH(ready_route)            \
  EACH(metrics_route)          \
  EACH(description_route)      \
  EACH(repositories_route)     \
  EACH(environments_route)     \
  EACH(destroy_route)          \
  EACH(all_events_route)       \
  EACH(queue_route)            \
  EACH(runs_route)             \
  EACH(start_route)            \
  EACH(run_route)              \
  EACH(run_events_route)       \
  EACH(cancel_route)           \
  EACH(retry_route)            \
  EACH(promote_route)          \
  EACH(rollback_route)         \
  EACH(evidence_route)         \
  EACH(evidence_key_route)     \
  EACH(watchdog_route)         \
  EACH(approve_route)          \
  EACH(log_route)              \
  EACH(follow_log_route)       \
  EACH(tests_route)            \
  EACH(measurements_route)     \
  EACH(chart_route)            \
  EACH(artifacts_route)        \
  EACH(artifact_route)

#define QUIETGATE_DECLARED(name) Route name();
QUIETGATE_ROUTES(QUIETGATE_DECLARED)
#undef QUIETGATE_DECLARED

const std::vector<Route>& routes() {
#define QUIETGATE_LISTED(name) name(),
  static const std::vector<Route> all{QUIETGATE_ROUTES(QUIETGATE_LISTED)};
#undef QUIETGATE_LISTED
  return all;
}

namespace {

// The parameters when the path's parts fit the pattern. `{path}` is the rest of them; the others are plain names.
std::optional<std::map<std::string, std::string>> matched(std::string_view pattern,
                                                          const std::vector<std::string>& parts) {
  std::map<std::string, std::string> names;
  std::size_t at = 0;
  pattern.remove_prefix(1);
  while (!pattern.empty()) {
    const auto slash = pattern.find('/');
    const auto want = pattern.substr(0, slash);
    if (at == parts.size()) return std::nullopt;
    if (want == "{path}") {
      auto& rest = names["path"];
      for (; at + 1 < parts.size(); ++at) rest += parts[at] + "/";
      rest += parts[at];
    } else if (want.front() == '{') {
      if (!is_plain_name(parts[at])) return std::nullopt;
      names.emplace(want.substr(1, want.size() - 2), parts[at]);
    } else if (want != parts[at]) {
      return std::nullopt;
    }
    ++at;
    pattern.remove_prefix(slash == std::string_view::npos ? pattern.size() : slash + 1);
  }
  return at == parts.size() ? std::optional(names) : std::nullopt;
}

}  // namespace

std::variant<Answer, RouteMatch> find_route(const std::string& method, const Target& target) {
  const std::string wanted = method == "HEAD" ? "GET" : method;
  std::string other_methods;
  for (const auto& route : routes()) {
    auto names = matched(route.path, target.parts);
    if (!names) continue;
    if (wanted == route.method) return RouteMatch{&route, std::move(*names)};
    other_methods += (other_methods.empty() ? "" : ", ") + std::string(route.method);
  }
  if (other_methods.empty()) return error_answer(404, "there is nothing at this address", "see /api/v1/openapi.json");
  auto answer = error_answer(405, wanted + " is not possible here", "possible: " + other_methods);
  answer.headers.emplace_back("Allow", other_methods);
  return answer;
}

}  // namespace quietgate
