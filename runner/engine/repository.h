// A watched repository: its configuration, with its secrets.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/model/trigger.h"
#include "runner/ports/git.h"

namespace quietgate {

struct Repository {
  GitRemote remote;                                               // remote.repository is the name
  std::vector<std::string> branches{"**"};                        // branches to watch
  std::vector<std::string> protected_branches{"main", "master"};  // their runs get secrets and may promote
  std::string pipeline = ".quietgate.yaml";
  Milliseconds poll{10'000};
  std::map<std::string, std::string> secrets;
  bool removed = false;  // no longer configured: its runs wait until they are cancelled
};

inline std::vector<GitRemote> git_remotes(const std::vector<Repository>& repositories) {
  std::vector<GitRemote> remotes;
  for (const auto& repository : repositories) remotes.push_back(repository.remote);
  return remotes;
}

constexpr std::size_t pipeline_size_limit = 1024 * 1024;

}  // namespace quietgate
