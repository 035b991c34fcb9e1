#include "tests/simulation/users.h"

#include <algorithm>

namespace quietgate {

Users::Users(World& world, std::map<std::string, SimRemote>& remotes, Invariants& invariants, Ask ask)
    : world_(world), remotes_(remotes), invariants_(invariants), ask_(std::move(ask)) {
  const std::vector<std::string> ways{"supersede", "queue", "parallel"};
  for (auto& [name, remote] : remotes_) scenarios_.emplace(name, Scenario(world, remote, world.dice.pick(ways)));
}

void Users::begin() {
  for (auto& [name, remote] : remotes_) {
    const auto first = scenarios_.at(name).commit({});
    point(name, "main", first);
    if (world_.dice.chance(0.8)) point(name, "production", first);
  }
}

void Users::point(const std::string& repository, const std::string& branch, const CommitId& commit) {
  world_.trace("user", "pushes {} to {} of {}", commit.substr(0, 7), branch, repository);
  remotes_.at(repository).branches[branch] = commit;
  invariants_.branch_was_at(repository, branch, commit);
}

void Users::push(const std::string& repository) {
  const std::vector<std::string> branches{"main", "main", "main", "feature-a", "feature-b", "unwatched"};
  const auto branch = world_.dice.pick(branches);
  auto& remote = remotes_.at(repository);
  auto head = remote.branches.contains(branch) ? remote.branches[branch] : remote.branches["main"];
  for (auto commits = world_.dice.between(1, 3); commits > 0; --commits) head = scenarios_.at(repository).commit(head);
  point(repository, branch, head);
}

// A newer commit comes while a run releases.
bool Users::hurry() {
  for (const auto& [id, model] : invariants_.runs()) {
    const auto& run = model.state;
    if (!run.releases || run.status != RunStatus::running || !world_.dice.chance(0.5)) continue;
    auto& branches = remotes_.at(id.repository).branches;
    if (!branches.contains(run.branch)) continue;
    point(id.repository, run.branch, scenarios_.at(id.repository).commit(branches[run.branch]));
    return true;
  }
  return false;
}

void Users::force(const std::string& repository) {
  const std::vector<std::string> branches{"main", "feature-a", "feature-b"};
  const auto branch = world_.dice.pick(branches);
  auto& remote = remotes_.at(repository);
  if (!remote.branches.contains(branch)) return;
  if (branch != "main" && world_.dice.chance(0.5)) {
    world_.trace("user", "deletes {} of {}", branch, repository);
    remote.branches.erase(branch);
    return;
  }
  auto base = remote.commits.at(remote.branches[branch]).parent;
  if (base.empty()) return;
  point(repository, branch, world_.dice.chance(0.3) ? base : scenarios_.at(repository).commit(base));
}

void Users::move_production(const std::string& repository) {
  auto& remote = remotes_.at(repository);
  if (world_.dice.chance(0.1)) {
    world_.trace("user", "deletes production of {}", repository);
    remote.branches.erase("production");
    return;
  }
  const auto base = remote.branches.contains("production") ? remote.branches["production"] : remote.branches["main"];
  point(repository, "production",
        world_.dice.chance(0.5) ? remote.branches["main"] : scenarios_.at(repository).commit(base));
}

std::optional<RunId> Users::some_run() {
  const auto& runs = invariants_.runs();
  if (runs.empty()) return std::nullopt;
  auto at = runs.begin();
  std::advance(at, world_.dice.between(0, static_cast<std::int64_t>(runs.size()) - 1));
  return at->first;
}

void Users::decide(const RunId& run, const std::string& stage, bool granted) {
  const auto target = "/runs/" + to_string(run) + "/stages/" + stage + "/approval";
  const auto status = ask_("POST", target, granted ? R"({"granted":true})" : R"({"granted":false})");
  world_.trace("user", "{} {} of {}: {}", granted ? "approves" : "refuses", stage, to_string(run), status);
}

void Users::request(const std::string& repository) {
  auto run = some_run();
  if (!run) return;
  const auto path = "/runs/" + to_string(*run);
  const auto choice = world_.dice.between(0, 9);
  int status = 0;
  const char* what = "cancel";
  if (choice <= 2) {
    status = ask_("POST", path + "/cancel", "{}");
  } else if (choice <= 4) {
    what = "retry";
    status = ask_("POST", path + "/retry", "{}");
  } else if (choice <= 7) {
    what = "promote";
    status = ask_("POST", path + "/promote",
                  world_.dice.chance(0.5) ? R"({"reason":"now"})" : R"({"reason":"now","override":true})");
  } else if (choice == 8) {
    what = "run";
    status = ask_("POST", "/runs", R"({"repository":")" + repository + R"(","branch":"main"})");
  } else {
    what = "destroy";
    const auto& live = invariants_.environments();
    if (live.empty()) return;
    status = ask_("POST", "/environments/" + live.begin()->first + "/destroy", "{}");
  }
  world_.trace("user", "asks to {} {}: {}", what, to_string(*run), status);
}

// The newest promotion, which is what people regret.
void Users::roll_back() {
  const auto& runs = invariants_.runs();
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    const auto& stages = run->second.state.stages;
    const bool promoted = std::any_of(stages.begin(), stages.end(), [](const auto& s) { return s.second.promoted; });
    if (!promoted || run->second.state.rollback.wanted()) continue;
    const auto status = ask_("POST", "/runs/" + to_string(run->first) + "/rollback", R"({"reason":"now"})");
    return world_.trace("user", "asks to roll back {}: {}", to_string(run->first), status);
  }
}

void Users::act() {
  std::vector<std::string> names;
  for (const auto& [name, remote] : remotes_) names.push_back(name);
  const auto repository = world_.dice.pick(names);
  const auto choice = world_.dice.between(0, 99);
  if (hurry()) return;
  if (choice < 30) return push(repository);
  if (choice < 40) return force(repository);
  if (choice < 45) return move_production(repository);
  if (choice < 77) return request(repository);
  if (choice < 80) return roll_back();
  for (const auto& [id, model] : invariants_.runs()) {
    for (const auto& [name, stage] : model.state.stages) {
      if (stage.status != StageStatus::awaiting_approval || !world_.dice.chance(0.5)) continue;
      const bool granted = world_.dice.chance(0.75);
      decide(id, name, granted);
      if (world_.dice.chance(0.1)) decide(id, name, !granted);
      return;
    }
  }
}

void Users::decide_all() {
  std::vector<std::pair<RunId, std::string>> awaited;
  for (const auto& [id, model] : invariants_.runs()) {
    for (const auto& [name, stage] : model.state.stages) {
      if (stage.status == StageStatus::awaiting_approval && model.state.status != RunStatus::finished)
        awaited.emplace_back(id, name);
    }
  }
  for (const auto& [id, name] : awaited) decide(id, name, true);
}

}  // namespace quietgate
