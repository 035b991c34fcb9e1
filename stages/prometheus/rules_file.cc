#include "stages/prometheus/rules_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "runner/base/digest.h"
#include "runner/base/glob.h"
#include "runner/base/json.h"
#include "runner/base/plain_file.h"
#include "runner/base/walk.h"
#include "stages/prometheus/prometheus_times.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 500;
constexpr std::uintmax_t largest_rules_file = 4 * 1024 * 1024;
constexpr std::size_t most_bytes_together = 16UL * 1024 * 1024;
constexpr std::size_t most_rules = 20'000;
constexpr int most_entries = 200'000;
constexpr std::size_t most_listings = 16;  // a run's, or of several runs side by side

class RulesReader {
 public:
  explicit RulesReader(std::string file) : file_(std::move(file)) {}

  std::vector<ExpectedRule> read(const YAML::Node& root) {
    allow(root, {"groups"});
    if (!root.IsMap() || !root["groups"]) fail(root, "a rule file needs `groups:`");
    const auto groups = root["groups"];
    if (groups.IsNull()) return {};
    if (!groups.IsSequence()) fail(groups, "`groups` must be a list");
    for (const auto& group : groups) read_group(group);
    return std::move(rules_);
  }

 private:
  [[noreturn]] void fail(const YAML::Node& node, const std::string& what) const {
    const auto mark = node.Mark();
    if (mark.is_null()) throw user_error(fmt::format("{}: {}", file_, what));
    throw user_error(fmt::format("{}:{}:{}: {}", file_, mark.line + 1, mark.column + 1, what));
  }

  void allow(const YAML::Node& map, const std::set<std::string>& keys) const {
    if (!map.IsMap()) return;
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const auto key = scalar(entry.first, "a key");
      if (!keys.contains(key)) fail(entry.first, fmt::format("unknown key `{}`", key));
      if (!seen.insert(key).second) fail(entry.first, fmt::format("key `{}` appears twice", key));
    }
  }

  std::string scalar(const YAML::Node& node, const std::string& name) const {
    if (node.IsNull()) return {};
    if (!node.IsScalar()) fail(node, name + " is one value");
    return node.Scalar();
  }

  std::string required(const YAML::Node& map, const char* key) const {
    if (!map[key] || !map[key].IsScalar() || map[key].Scalar().empty()) fail(map, fmt::format("`{}:` is missing", key));
    return map[key].Scalar();
  }

  double duration(const YAML::Node& map, const char* key) const {
    if (!map[key] || map[key].IsNull()) return 0;
    auto seconds = read_duration(scalar(map[key], key));
    if (!seconds) fail(map[key], fmt::format("`{}`: {}; expected one like 30s or 1m", key, seconds.error().message));
    return *seconds;
  }

  Labels labels(const YAML::Node& map, const char* key) const {
    Labels all;
    const auto node = map[key];
    if (!node || node.IsNull()) return all;
    if (!node.IsMap()) fail(node, fmt::format("`{}` must map names to values", key));
    for (const auto& entry : node) {
      const auto name = scalar(entry.first, "a name");
      if (!all.emplace(name, scalar(entry.second, name)).second)
        fail(entry.first, fmt::format("`{}` appears twice", name));
    }
    return all;
  }

  void read_group(const YAML::Node& node) {
    if (!node.IsMap()) fail(node, "a group needs `name:` and `rules:`");
    allow(node, {"name", "interval", "limit", "query_offset", "labels", "rules"});
    if (node["labels"]) fail(node["labels"], "labels of a whole group can't be compared: write them at each rule");
    ExpectedRule group;
    group.file = file_;
    group.group = required(node, "name");
    group.interval = duration(node, "interval");
    if (node["limit"] && !YAML::convert<int>::decode(node["limit"], group.limit))
      fail(node["limit"], "`limit` must be a number");
    const auto rules = node["rules"];
    if (!rules || rules.IsNull()) return;
    if (!rules.IsSequence()) fail(rules, "`rules` must be a list");
    const auto first = rules_.size();
    for (const auto& rule : rules) read_rule(rule, group);
    if (rules_.size() > first) rules_.back().last = true;
  }

  void read_rule(const YAML::Node& node, ExpectedRule rule) {
    if (!node.IsMap()) fail(node, "a rule needs `alert:` or `record:`, and `expr:`");
    rule.line = node.Mark().line + 1;
    rule.alerting = static_cast<bool>(node["alert"]);
    if (rule.alerting == static_cast<bool>(node["record"])) fail(node, "a rule needs either `alert:` or `record:`");
    if (rule.alerting) {
      allow(node, {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"});
    } else {
      allow(node, {"record", "expr", "labels"});
    }
    rule.name = required(node, rule.alerting ? "alert" : "record");
    rule.query = required(node, "expr");
    rule.duration = duration(node, "for");
    rule.keep_firing_for = duration(node, "keep_firing_for");
    rule.labels = labels(node, "labels");
    rule.annotations = labels(node, "annotations");
    if (rules_.size() >= most_rules) fail(node, fmt::format("more than {} rules", most_rules));
    rules_.push_back(std::move(rule));
  }

  std::string file_;
  std::vector<ExpectedRule> rules_;
};

Result<std::string> read_text_file(const fs::path& path, const std::string& shown) {
  std::error_code wrong;
  // A link to a file of the checkout is one: whoever asks has looked where it leads.
  const auto real = fs::canonical(path, wrong);
  const auto size = wrong ? 0 : fs::file_size(real, wrong);
  if (!wrong && size > largest_rules_file) return user_error(fmt::format("{} is larger than 4 MiB", shown));
  auto text = read_plain(real, 0, largest_rules_file);
  if (wrong || text.size() < size) return infrastructure_error(fmt::format("{} can't be read", shown));
  return text;
}

// Paths below the checkout, relative to it, of regular files in folders where one of the globs may match.
Result<std::vector<std::string>> files_below(const std::string& checkout, const Globs& globs,
                                             const std::atomic<bool>* stop) {
  std::vector<std::string> files;
  const auto look = [&](const std::string& path, EntryKind kind) {
    if (kind == EntryKind::file) files.push_back(path);
    if (kind != EntryKind::folder) return true;
    return path != ".git" && !path.ends_with("/.git") && globs.may_match_below(path);
  };
  const auto walked = walk_tree(checkout, look, stop, {.entries = most_entries, .depth = 256});
  if (walked.entries_over)
    return user_error(fmt::format("the checkout holds more than {} files to look for rules in", most_entries));
  if (walked.stopped) return infrastructure_error("the search for rule files was stopped");
  if (walked.unread) return infrastructure_error(fmt::format("the checkout {} can't be read", checkout));
  std::sort(files.begin(), files.end());
  return files;
}

// The text of each file, by name.
Result<std::map<std::string, std::string>> texts_of(const std::string& checkout,
                                                    const Result<std::vector<std::string>>& files) {
  if (!files) return files.error();
  std::map<std::string, std::string> texts;
  std::size_t bytes = 0;
  for (const auto& file : *files) {
    auto text = read_text_file(fs::path(checkout) / file, file);
    if (!text) return text.error();
    bytes += text->size();
    // All of them are held at once, in the service, for whoever may push a branch.
    if (bytes > most_bytes_together)
      return user_error(fmt::format("the gate's rule files are larger than 16 MiB together, with {}", file),
                        "let `rules:` name fewer files");
    texts.emplace(file, std::move(*text));
  }
  return texts;
}

Result<bool> any_mentions(const Result<std::map<std::string, std::string>>& texts, const std::string& word) {
  if (!texts) return texts.error();
  return std::any_of(texts->begin(), texts->end(),
                     [&word](const auto& file) { return file.second.find(word) != std::string::npos; });
}

}  // namespace

Result<std::vector<ExpectedRule>> read_rules_file(const std::string& file, const std::string& text) {
  try {
    const auto documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      const auto mark = documents[1].Mark();
      return user_error(fmt::format("{}:{}:{}: a rule file is one YAML document: Prometheus reads only the first", file,
                                    mark.line + 1, mark.column + 1));
    }
    return RulesReader(file).read(documents.empty() ? YAML::Node() : documents[0]);
  } catch (const Error& error) {
    return error;
  } catch (const YAML::Exception& e) {
    return user_error(fmt::format("{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg));
  }
}

Result<std::vector<ExpectedRule>> read_rules_at(const std::string& path) {
  auto text = read_text_file(path, path);
  if (!text) return text.error();
  return read_rules_file(path, *text);
}

Result<std::vector<ExpectedRule>> read_rules(const std::string& checkout, const std::vector<std::string>& globs) {
  return CommittedRules().read(checkout, globs);
}

Result<std::vector<std::string>> rule_files(const std::string& checkout, const std::vector<std::string>& globs,
                                            const std::atomic<bool>* stop) {
  if (globs.empty()) return user_error("the gate names no rule files", "add `rules:` with a glob to the gate");
  std::vector<std::string> cleaned;
  for (const auto& glob : globs) cleaned.push_back(glob.starts_with("./") ? glob.substr(2) : glob);
  Globs patterns(cleaned);
  auto files = files_below(checkout, patterns, stop);
  if (!files) return files.error();
  std::set<std::string> wanted;
  for (std::size_t place = 0; place < cleaned.size(); ++place) {
    bool known = false;
    for (const auto& file : *files) {
      if (!patterns.match(place, file)) continue;
      known = true;
      wanted.insert(file);
    }
    if (!known) {
      return user_error(fmt::format("no file of the commit matches `{}`", cleaned[place]),
                        "correct `rules:` of the gate, or add the rule file to the repository");
    }
  }
  if (wanted.size() > most_files) return user_error(fmt::format("more than {} rule files", most_files));
  return std::vector<std::string>(wanted.begin(), wanted.end());
}

bool CommittedRules::knows_files(const std::string& checkout, const std::vector<std::string>& globs) const {
  return std::any_of(listings_.begin(), listings_.end(),
                     [&](const auto& one) { return one.checkout == checkout && one.globs == globs; });
}

void CommittedRules::know_files(const std::string& checkout, const std::vector<std::string>& globs,
                                std::vector<std::string> files) {
  if (knows_files(checkout, globs)) return;
  if (listings_.size() >= most_listings) listings_.pop_front();
  listings_.push_back({checkout, globs, std::move(files)});
}

Result<std::vector<std::string>> CommittedRules::files(const std::string& checkout,
                                                       const std::vector<std::string>& globs) {
  for (const auto& one : listings_) {
    if (one.checkout == checkout && one.globs == globs) return one.files;
  }
  auto found = rule_files(checkout, globs);
  if (found) know_files(checkout, globs, *found);
  return found;
}

Result<bool> CommittedRules::mention(const std::string& checkout, const std::vector<std::string>& globs,
                                     const std::string& word) {
  return any_mentions(texts_of(checkout, files(checkout, globs)), word);
}

Result<std::vector<ExpectedRule>> CommittedRules::read(const std::string& checkout,
                                                       const std::vector<std::string>& globs) {
  auto texts = texts_of(checkout, files(checkout, globs));
  if (!texts) return texts.error();
  std::vector<ExpectedRule> all;
  std::map<std::string, RulesFile> now;
  for (auto& [file, text] : *texts) {
    const auto known = last_.find(file);
    if (known != last_.end() && known->second.text == text) {
      now.insert(last_.extract(known));
    } else {
      auto rules = read_rules_file(file, text);
      if (!rules) return rules.error();
      now.emplace(file, RulesFile{std::move(text), std::move(*rules)});
    }
    const auto& rules = now.at(file).rules;
    all.insert(all.end(), rules.begin(), rules.end());
  }
  last_ = std::move(now);
  return all;
}

Result<bool> rules_mention(const std::string& checkout, const std::vector<std::string>& globs,
                           const std::string& word) {
  return any_mentions(texts_of(checkout, rule_files(checkout, globs)), word);
}

bool in_scope(const ExpectedRule& rule) {
  if (!rule.alerting || rule.name == "GateWatchdog" || rule.name == "GateSyntheticFault") return false;
  const auto severity = rule.labels.find("severity");
  return severity == rule.labels.end() || severity->second != "none";
}

std::string heartbeat_of(const std::vector<ExpectedRule>& rules, const std::string& group) {
  for (const auto& rule : rules) {
    if (rule.group != group || !rule.last || rule.alerting || rule.name != "gate:heartbeat") continue;
    if (auto label = rule.labels.find("gate_group"); label != rule.labels.end()) return label->second;
  }
  return {};
}

std::string hash_of(std::vector<ExpectedRule> rules) {
  std::vector<std::string> lines;
  for (const auto& rule : rules) {
    const nlohmann::json json{{"group", rule.group},
                              {"interval", rule.interval},
                              {"limit", rule.limit},
                              {"name", rule.name},
                              {"type", rule.alerting ? "alerting" : "recording"},
                              {"expr", rule.query},
                              {"for", rule.duration},
                              {"keep_firing_for", rule.keep_firing_for},
                              {"labels", rule.labels},
                              {"annotations", rule.annotations}};
    lines.push_back(json_text(json));
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return sha256_hex(text);
}

}  // namespace quietgate
