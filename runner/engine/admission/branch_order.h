// The order of one branch's runs: unless its pipeline says `parallel`, a run begins after the earlier ones have ended.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/model/types.h"

namespace quietgate {

class BranchOrder {
 public:
  void arrive(const RunId& run, const std::string& branch) {
    if (branches_.emplace(run, branch).second) queues_[{run.repository, branch}].insert(run.number);
    ++version_;
  }
  // Returns the run that is now first on the branch, if there is one.
  std::optional<RunId> leave(const RunId& run) {
    auto found = branches_.find(run);
    if (found == branches_.end()) return std::nullopt;
    auto line = queues_.find({run.repository, found->second});
    branches_.erase(found);
    ++version_;
    line->second.erase(run.number);
    if (!line->second.empty()) return RunId{run.repository, *line->second.begin()};
    queues_.erase(line);
    return std::nullopt;
  }
  bool first(const RunId& run) const {
    auto found = branches_.find(run);
    return found == branches_.end() || *queues_.at({run.repository, found->second}).begin() == run.number;
  }
  std::vector<RunId> runs() const {
    std::vector<RunId> all;
    for (const auto& [run, branch] : branches_) all.push_back(run);
    return all;
  }
  // Runs that have not ended, by repository and branch.
  using Runs = std::set<std::int64_t>;
  const std::map<std::pair<std::string, std::string>, Runs>& queues() const { return queues_; }
  std::uint64_t version() const { return version_; }

 private:
  std::map<RunId, std::string> branches_;
  std::map<std::pair<std::string, std::string>, Runs> queues_;
  std::uint64_t version_ = 0;
};

}  // namespace quietgate
