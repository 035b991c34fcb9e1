// `quietgate run --let-go`: the only way, without a service, in which what a run here kept is destroyed.
#include "runner/cli/daemon_let_go.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "runner/adapters/clock/posix_clock.h"

namespace quietgate {

namespace {

constexpr Milliseconds look_every{100};
constexpr int most_tries = 2;  // at the second in vain, somebody has to look

using Live = std::map<std::string, EnvironmentSummary>;

// What is there, also what was asked to go before and is on its way.
Result<Live> everything(Catalog& catalog) {
  auto all = catalog.environments();
  if (!all) return all.error();
  Live live;
  for (auto& environment : *all) live.emplace(environment.id, std::move(environment));
  return live;
}

// Until nothing is there any more, or what is left can't be destroyed.
Task<void> wait_until_gone(Composition& composition, Live& left, Stop& stop) {
  PosixClock clock(composition.executor());
  for (;;) {
    auto live = everything(composition.catalog());
    if (!live) throw std::runtime_error(live.error().message);
    left = std::move(*live);
    const auto in_vain = [](const auto& each) { return each.second.destroy_tries >= most_tries; };
    if (std::all_of(left.begin(), left.end(), in_vain)) break;
    co_await clock.sleep(look_every, stop);
  }
  composition.stop().request(StopReason::shutdown, "what was kept is destroyed");
}

void tell(const Live& before, const Live& left, bool json) {
  nlohmann::json document{{"destroyed", nlohmann::json::array()}, {"left", nlohmann::json::array()}};
  for (const auto& [id, environment] : before) {
    const auto still = left.find(id);
    const bool gone = still == left.end();
    document[gone ? "destroyed" : "left"].push_back(id);
    if (json) continue;
    const auto problem = gone ? "" : still->second.problem.empty() ? "it is not destroyed yet" : still->second.problem;
    std::printf("%s is %s\n", id.c_str(), gone ? "destroyed" : ("left: " + problem).c_str());
  }
  if (json) std::printf("%s\n", document.dump().c_str());
  if (!json && before.empty()) std::printf("no run of this clone has kept an environment\n");
}

}  // namespace

Result<bool> let_go_of_what_is_kept(Composition& composition, const std::string& by, bool json) {
  auto before = everything(composition.catalog());
  if (!before) return before.error();
  auto unfinished = composition.catalog().unfinished_runs();
  if (!unfinished) return unfinished.error();
  std::vector<Event> events;
  for (const auto& run : *unfinished)
    events.push_back(CancelRequested{run.id, by, "`quietgate run --let-go` by " + by});
  for (const auto& [id, environment] : *before) {
    if (environment.keep) events.push_back(EnvironmentDestroyRequested{id, environment.run, by});
  }
  if (!events.empty()) {
    if (auto asked = composition.journal().append(std::move(events)); !asked) return asked.error();
  }
  Live left = *before;
  composition.add_engine();
  composition.add("the wait", [&](Stop& stop) { return wait_until_gone(composition, left, stop); });
  auto ended =
      composition.run([&composition](int) { composition.stop().request(StopReason::shutdown, "interrupted"); });
  if (!ended) return ended.error();
  tell(*before, left, json);
  return left.empty();
}

}  // namespace quietgate
