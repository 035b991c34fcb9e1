#include "runner/model/trigger.h"

#include <algorithm>

namespace quietgate {

namespace {

std::string list_of(const std::vector<std::string>& patterns) {
  std::string out;
  for (const std::string& pattern : patterns) out += (out.empty() ? "" : ", ") + pattern;
  return out;
}

bool lets_all_through(const TriggerRules& rules) {
  return rules.ignore_paths.empty() && std::find(rules.paths.begin(), rules.paths.end(), "**") != rules.paths.end();
}

}  // namespace

TriggerDecision decide(const TriggerRules& rules, const std::string& branch,
                       const std::vector<std::string>& changed_paths, bool changes_known,
                       const std::function<bool()>& ended) {
  if (!any_glob_matches(rules.branches, branch))
    return {false, "branch `" + branch + "` matches none of on.branches (" + list_of(rules.branches) + ")"};
  if (!changes_known || lets_all_through(rules)) return {true, {}};
  if (changed_paths.empty()) return {false, "no path changed"};
  Globs wanted(rules.paths);
  Globs ignored(rules.ignore_paths);
  for (const std::string& path : changed_paths) {
    if (ended && ended()) return {true, {}};
    if (wanted.match(path) && !ignored.match(path)) return {true, {}};
  }
  if (changed_paths.size() == 1)
    return {false, "the only changed path (" + changed_paths.front() + ") is excluded by on.paths and on.ignore_paths"};
  return {false, "none of the " + std::to_string(changed_paths.size()) +
                     " changed paths is included by on.paths and on.ignore_paths"};
}

}  // namespace quietgate
