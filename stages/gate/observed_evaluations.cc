#include "stages/gate/observed_evaluations.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runner/base/json.h"
#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* file_name = "/rules-seen.ndjson";
constexpr std::size_t largest_watched = 64 * 1024 * 1024;

std::string group_key(const LoadedRule& rule) {
  return rule.file + ";" + rule.group;
}

void read_attempt(const std::string& path, const std::string& url, GroupEvaluations& all) {
  const auto text = read_plain(path, 0, largest_watched + 1);
  if (text.size() > largest_watched) return;
  std::istringstream file(text);
  for (std::string line; std::getline(file, line);) {
    const auto row = Json::parse(line, nullptr, false);
    if (!row.is_object() || row.value("server", Json()) != url || !row.value("group", Json()).is_string() ||
        !row.value("evaluated", Json()).is_number())
      continue;
    auto& group = all[row["group"].get<std::string>()];
    const double at = row["evaluated"].get<double>();
    group.evaluated.push_back(at);
    if (const auto problem = row.value("problem", Json()); problem.is_string())
      group.unhealthy.emplace(at, problem.get<std::string>());
  }
}

// What `now` holds beyond `before`, as lines.
std::string lines_of(const std::string& url, const GroupEvaluations& before, const GroupEvaluations& now) {
  std::string text;
  for (const auto& [key, group] : now) {
    auto known = before.find(key);
    for (const double at : group.evaluated) {
      if (known != before.end() && !known->second.evaluated.empty() && at <= known->second.evaluated.back()) continue;
      Json row{{"server", url}, {"group", key}, {"evaluated", at}};
      if (auto problem = group.unhealthy.find(at); problem != group.unhealthy.end()) row["problem"] = problem->second;
      text += json_text(row) + "\n";
    }
  }
  return text;
}

}  // namespace

bool add_evaluations(const std::vector<LoadedRule>& rules, GroupEvaluations& to) {
  std::map<std::string, double> oldest;
  std::map<std::string, std::string> problems;
  for (const auto& rule : rules) {
    const auto key = group_key(rule);
    const auto [found, is_new] = oldest.emplace(key, rule.last_evaluation);
    if (!is_new) found->second = std::min(found->second, rule.last_evaluation);
    if (rule.last_evaluation > 0 && (rule.health != "ok" || !rule.last_error.empty()))
      problems.emplace(key, rule.name + ": " + (rule.last_error.empty() ? "health " + rule.health : rule.last_error));
  }
  bool news = false;
  for (const auto& [key, at] : oldest) {
    auto& group = to[key];
    // Never evaluated, or a server whose clock went back: nothing that could follow on what was seen.
    if (at <= 0 || (!group.evaluated.empty() && at <= group.evaluated.back())) continue;
    group.evaluated.push_back(at);
    if (auto problem = problems.find(key); problem != problems.end()) group.unhealthy.emplace(at, problem->second);
    news = true;
  }
  return news;
}

void append_evaluations(const std::string& attempt_directory, const std::string& url, const GroupEvaluations& before,
                        const GroupEvaluations& now) {
  append_plain(attempt_directory + file_name, lines_of(url, before, now));
}

GroupEvaluations read_evaluations(const std::string& attempt_directory, const std::string& url) {
  GroupEvaluations all;
  std::error_code wrong;
  fs::directory_iterator at(fs::path(attempt_directory).parent_path(), wrong);
  if (wrong) return all;
  for (const auto& attempt : at) read_attempt(attempt.path().string() + file_name, url, all);
  for (auto& [key, group] : all) {
    std::sort(group.evaluated.begin(), group.evaluated.end());
    group.evaluated.erase(std::unique(group.evaluated.begin(), group.evaluated.end()), group.evaluated.end());
  }
  return all;
}

}  // namespace quietgate
