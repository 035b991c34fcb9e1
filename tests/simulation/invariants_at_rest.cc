// What must hold once the faults have ceased and nothing is left to do.
#include <algorithm>
#include <filesystem>

#include "tests/simulation/invariants.h"

namespace quietgate {

namespace fs = std::filesystem;

std::optional<Breach> Invariants::unrest() const {
  for (const auto& [id, model] : runs_) {
    if (model.state.status != RunStatus::finished) return Breach(invariant::kept, to_string(id) + " does not end");
  }
  for (const auto& [id, planned] : environments_) {
    if (!planned.keep) return Breach(invariant::clean, "environment " + id + " is not destroyed");
  }
  if (auto missing = unattached()) return Breach(invariant::kept, *missing);
  for (const auto& [name, remote] : remotes_) {
    auto seen = seen_.find(name);
    for (const auto& [branch, commit] : remote.branches) {
      if (branch.starts_with("unwatched")) continue;
      if (seen == seen_.end() || !seen->second.contains(branch) || seen->second.at(branch) != commit)
        return Breach(invariant::kept, branch + " of " + name + " moved to " + commit.substr(0, 7) + " unseen");
    }
    for (const auto& [branch, commit] : seen == seen_.end() ? decltype(remote.branches)() : seen->second) {
      if (!commit.empty() && !remote.branches.contains(branch))
        return Breach(invariant::kept, branch + " of " + name + " was deleted unseen");
    }
  }
  return std::nullopt;
}

void Invariants::finally() const {
  if (auto branch = uncovered_branch()) breach(invariant::kept, *branch);
  if (auto what = leaked()) breach(invariant::clean, *what);
  for (const auto& [id, model] : runs_) {
    for (const auto& [name, stage] : model.state.stages) {
      if (stage.promotion_intent)
        breach(invariant::truth, fmt::format("whether {} of {} moved {} was never settled", name, to_string(id),
                                             stage.promotion_intent->branch));
    }
  }
}

// Every promotion has its evidence, in the journal and as a note of its commit.
std::optional<std::string> Invariants::unattached() const {
  for (const auto& [id, model] : runs_) {
    for (const auto& [name, stage] : model.state.stages) {
      if (!stage.promoted) continue;
      const EvidenceSealed* sealed = nullptr;
      for (const auto& row : model.rows) {
        if (const auto* e = std::get_if<EvidenceSealed>(&row.event); e != nullptr && e->stage == name) sealed = e;
      }
      if (sealed == nullptr) return fmt::format("{} promoted {} without evidence", to_string(id), name);
      const auto& notes = remotes_.at(id.repository).notes;
      auto found = notes.find(sealed->commit);
      if (found == notes.end() || !found->second.contains(sealed->envelope))
        return fmt::format("the evidence of {} is not attached to {}", to_string(id), sealed->commit.substr(0, 7));
    }
  }
  return std::nullopt;
}

// Some run of a branch is of its head, or of a commit that differs from it in ignored paths only.
std::optional<std::string> Invariants::uncovered_branch() const {
  for (const auto& [name, remote] : remotes_) {
    for (const auto& [branch, head] : remote.branches) {
      const bool asks = branch == "main" || branch.starts_with("feature");
      const bool readable = remote.commits.at(head).files.at(".quietgate.yaml").starts_with("version: 1");
      auto first = first_seen_.find({name, branch});
      if (!asks || (!readable && branch != "main") || (first != first_seen_.end() && first->second == head)) continue;
      const bool covered = std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) {
        if (run.first.repository != name || run.second.state.branch != branch) return false;
        const auto changed = remote.changed_paths(run.second.state.commit, head);
        return run.second.state.commit == head ||
               std::all_of(changed.begin(), changed.end(), [](const auto& path) { return path.starts_with("docs/"); });
      });
      if (!covered) return fmt::format("{} of {} is at {}, which never got a run", branch, name, head.substr(0, 7));
    }
  }
  return std::nullopt;
}

std::optional<std::string> Invariants::leaked() const {
  auto shown = [this](const std::string& path) { return path.substr(data_.size() + 1); };
  for (const auto& name : machine_.alive()) {
    const auto* owner = std::get_if<EnvironmentOwner>(&name.owner);
    if (owner == nullptr) return "a step lives: " + to_string(name);
    if (!environments_.contains(owner->environment)) return "a service lives: " + to_string(name);
  }
  std::error_code ignored;
  for (const auto& folder : fs::directory_iterator(data_ + "/environments", ignored)) {
    if (!environments_.contains(folder.path().filename().string()))
      return "a folder is left: " + shown(folder.path().string());
  }
  for (const auto& [id, model] : runs_) {
    for (const char* folder : {"checkout", "checkout.new"}) {
      if (fs::exists(runs_folder(id) + folder)) return "a folder is left: " + shown(runs_folder(id) + folder);
    }
  }
  return std::nullopt;
}

}  // namespace quietgate
