// The Git server: commits, branches, and what the service's mirror has of them. Survives crashes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runner/model/types.h"

namespace quietgate {

struct SimRemote {
  struct Commit {
    CommitId parent;
    std::map<std::string, std::string> files;
  };
  std::map<CommitId, Commit> commits;
  std::map<std::string, CommitId> branches;
  std::set<CommitId> mirror;  // what was fetched
  std::map<CommitId, std::set<std::string>> notes;

  bool is_ancestor(const CommitId& ancestor, CommitId descendant) const {
    while (!descendant.empty() && descendant != ancestor) descendant = commits.at(descendant).parent;
    return !descendant.empty();
  }
  // First-parent commits after `from` up to `to`, oldest first.
  std::vector<CommitId> between(const CommitId& from, CommitId to) const {
    std::vector<CommitId> found;
    for (; !to.empty() && to != from; to = commits.at(to).parent) found.insert(found.begin(), to);
    return found;
  }
  std::vector<std::string> changed_paths(const CommitId& from, const CommitId& to) const {
    const auto& after = commits.at(to).files;
    const auto before = from.empty() ? std::map<std::string, std::string>() : commits.at(from).files;
    std::set<std::string> paths;
    for (const auto& [path, text] : after) {
      auto found = before.find(path);
      if (found == before.end() || found->second != text) paths.insert(path);
    }
    for (const auto& [path, text] : before) {
      if (!after.contains(path)) paths.insert(path);
    }
    return {paths.begin(), paths.end()};
  }
};

}  // namespace quietgate
