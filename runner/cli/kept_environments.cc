#include "runner/cli/kept_environments.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "runner/adapters/clock/posix_clock.h"
#include "runner/base/json.h"

namespace quietgate {

namespace {

constexpr Milliseconds look_every{100};
constexpr int most_tries = 2;  // after them, a person has to look

using LiveEnvironments = std::map<std::string, EnvironmentSummary>;

// Also those whose destruction was asked for before.
LiveEnvironments by_id(std::vector<EnvironmentSummary> all) {
  LiveEnvironments live;
  for (auto& environment : all) live.emplace(environment.id, std::move(environment));
  return live;
}

// Until none is left, or those that are left can't be destroyed.
Task<void> wait_until_gone(Composition& composition, LiveEnvironments& left, Stop& stop) {
  PosixClock clock(composition.executor());
  for (;;) {
    auto live = co_await composition.catalog().environments();
    if (!live) throw std::runtime_error(live.error().message);
    left = by_id(std::move(*live));
    const auto has_failed = [](const auto& each) { return each.second.destroy_tries >= most_tries; };
    if (std::all_of(left.begin(), left.end(), has_failed)) break;
    co_await clock.sleep(look_every, stop);
  }
  composition.stop().request(StopReason::shutdown, "the kept environments are destroyed");
}

void print_destroyed(const LiveEnvironments& before, const LiveEnvironments& left, bool json) {
  nlohmann::json document{{"destroyed", nlohmann::json::array()}, {"left", nlohmann::json::array()}};
  for (const auto& [id, environment] : before) {
    const auto still = left.find(id);
    const bool gone = still == left.end();
    document[gone ? "destroyed" : "left"].push_back(id);
    if (json) continue;
    const auto problem = gone                            ? ""
                         : still->second.problem.empty() ? "it has not been destroyed yet"
                                                         : still->second.problem;
    std::printf("%s is %s\n", id.c_str(), gone ? "destroyed" : ("left: " + problem).c_str());
  }
  if (json) std::printf("%s\n", json_text(document).c_str());
  if (!json && before.empty()) std::printf("no run of this clone has kept an environment\n");
}

}  // namespace

Result<bool> destroy_kept_environments(Composition& composition, const std::string& by, bool json) {
  auto live = composition.catalog().environments_now();
  if (!live) return live.error();
  const auto before = by_id(std::move(*live));
  auto unfinished = composition.catalog().unfinished_runs_now();
  if (!unfinished) return unfinished.error();
  std::vector<Event> events;
  for (const auto& run : *unfinished)
    events.push_back(CancelRequested{run.id, by, "`quietgate run --let-go` by " + by});
  for (const auto& [id, environment] : before) {
    if (environment.keep) events.push_back(EnvironmentDestroyRequested{id, environment.run, by});
  }
  if (!events.empty()) {
    if (auto asked = composition.journal().append_now(std::move(events)); !asked) return asked.error();
  }
  LiveEnvironments left = before;
  composition.add_engine();
  composition.add("the wait", [&](Stop& stop) { return wait_until_gone(composition, left, stop); });
  auto ended =
      composition.run([&composition](int) { composition.stop().request(StopReason::shutdown, "interrupted"); });
  if (!ended) return ended.error();
  print_destroyed(before, left, json);
  return left.empty();
}

}  // namespace quietgate
