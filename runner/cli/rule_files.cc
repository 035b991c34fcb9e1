#include "runner/cli/rule_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace quietgate {

namespace {

namespace fs = std::filesystem;

bool ends_with_any(const std::string& name, std::initializer_list<const char*> ends) {
  return std::any_of(ends.begin(), ends.end(), [&name](const char* end) { return name.ends_with(end); });
}

// A folder's rule files: beside them there may be tests and other YAML.
Result<std::vector<std::string>> files_of(const std::string& path) {
  std::error_code wrong;
  if (!fs::is_directory(path, wrong)) return std::vector<std::string>{path};
  std::vector<std::string> marked, other;
  for (fs::directory_iterator at(path, wrong), end; !wrong && at != end; at.increment(wrong)) {
    const auto name = at->path().string();
    if (ends_with_any(name, {".rules.yml", ".rules.yaml", ".rules"}))
      marked.push_back(name);
    else if (ends_with_any(name, {".yml", ".yaml"}))
      other.push_back(name);
  }
  if (wrong) return user_error(fmt::format("{} can't be read: {}", path, wrong.message()));
  auto& files = marked.empty() ? other : marked;
  std::sort(files.begin(), files.end());
  if (files.empty()) return user_error(path + " holds no .yml or .rules file", "name the rule files");
  return files;
}

}  // namespace

Result<std::vector<ExpectedRule>> read_alert_rules(const std::vector<std::string>& paths) {
  std::vector<ExpectedRule> all;
  for (const auto& path : paths) {
    auto files = files_of(path);
    if (!files) return files.error();
    for (const auto& file : *files) {
      auto rules = read_rules_at(file);
      if (!rules) return user_error(rules.error().message, rules.error().advice);
      all.insert(all.end(), rules->begin(), rules->end());
    }
  }
  if (std::any_of(all.begin(), all.end(), [](const ExpectedRule& rule) { return rule.alerting && in_scope(rule); }))
    return all;
  return user_error("there is no alerting rule to compute", "name files with `alert:` rules");
}

}  // namespace quietgate
