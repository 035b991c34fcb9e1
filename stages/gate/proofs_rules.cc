#include "stages/gate/proofs_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>
#include <set>

#include "stages/gate/proof_text.h"

namespace quietgate {

namespace {

// What must be equal, with names for people.
struct Comparable {
  std::string group, name, type, query;
  double interval = 0, duration = 0, keep_firing_for = 0;
  int limit = 0;
  Labels labels, annotations;
  bool operator==(const Comparable&) const = default;
};

Labels without_sha(Labels labels) {
  labels.erase("rules_sha");  // differs with every commit and is put in when the file is rendered
  return labels;
}

std::string canonical(const GateEvidence& evidence, const std::string& query) {
  auto found = evidence.canonical.find(query);
  return found != evidence.canonical.end() && found->second ? *found->second : query;
}

Comparable comparable(const GateEvidence& evidence, const LoadedRule& rule) {
  return {rule.group,
          rule.name,
          rule.alerting ? "alert" : "record",
          canonical(evidence, rule.query),
          rule.interval,
          rule.duration,
          rule.keep_firing_for,
          rule.limit,
          without_sha(rule.labels),
          rule.annotations};
}

Comparable comparable(const GateEvidence& evidence, const ExpectedRule& rule) {
  return {rule.group,
          rule.name,
          rule.alerting ? "alert" : "record",
          canonical(evidence, rule.query),
          rule.interval > 0 ? rule.interval : interval_of(evidence, rule.group),
          rule.duration,
          rule.keep_firing_for,
          rule.limit,
          without_sha(rule.labels),
          rule.annotations};
}

std::string one_line(const std::string& text) {
  std::string line;
  for (char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  if (line.size() > 120) line = line.substr(0, 117) + "...";
  return line;
}

std::string difference(const Comparable& commit, const Comparable& loaded) {
  if (commit.query != loaded.query) {
    return fmt::format("its expression is `{}` in the commit and `{}` in Prometheus", one_line(commit.query),
                       one_line(loaded.query));
  }
  if (commit.duration != loaded.duration) {
    return fmt::format("its `for` is {} in the commit and {} in Prometheus", span_text(commit.duration),
                       span_text(loaded.duration));
  }
  if (commit.interval != loaded.interval) {
    return fmt::format("its group's interval is {} in the commit and {} in Prometheus", span_text(commit.interval),
                       span_text(loaded.interval));
  }
  if (commit.keep_firing_for != loaded.keep_firing_for) return "its `keep_firing_for` differs";
  if (commit.limit != loaded.limit) return "its group's `limit` differs";
  if (commit.labels != loaded.labels) return "its labels differ";
  return "its annotations differ";
}

// Rules of the commit that no rule of the server equals are named, with what differs; then what the server has besides.
void compare(const GateEvidence& evidence, Finding& finding) {
  std::list<Comparable> loaded;
  for (const auto& rule : *evidence.loaded) loaded.push_back(comparable(evidence, rule));
  std::vector<const ExpectedRule*> unequal;
  for (const auto& rule : evidence.rules) {
    auto found = std::find(loaded.begin(), loaded.end(), comparable(evidence, rule));
    if (found != loaded.end()) {
      loaded.erase(found);
    } else {
      unequal.push_back(&rule);
    }
  }
  for (const auto* rule : unequal) {
    const auto wanted = comparable(evidence, *rule);
    auto namesake = std::find_if(loaded.begin(), loaded.end(), [&](const Comparable& other) {
      return other.group == wanted.group && other.name == wanted.name && other.type == wanted.type;
    });
    finding.unreliable.emplace(rule->group, rule->name);
    if (namesake == loaded.end()) {
      finding.problems.push_back(fmt::format("{} of {} (group {}) is not loaded", rule->name, rule->file, rule->group));
    } else {
      finding.problems.push_back(
          fmt::format("{} of {} is loaded differently: {}", rule->name, rule->file, difference(wanted, *namesake)));
      loaded.erase(namesake);
    }
  }
  for (const auto& other : loaded) {
    finding.problems.push_back(
        fmt::format("{} (group {}) is loaded and is not in the commit", other.name, other.group));
  }
}

// The problem, when two files have groups of one name: samples and metrics could not tell them apart.
template <class Rules>
void find_namesakes(const Rules& rules, const char* whose, Finding& finding) {
  std::map<std::string, std::string> files;
  std::set<std::string> told;
  for (const auto& rule : rules) {
    const auto& file = files.emplace(rule.group, rule.file).first->second;
    if (file == rule.file || !told.insert(rule.group).second) continue;
    finding.problems.push_back(fmt::format("two rule groups{} are called {} (in {} and {}): give each its own name",
                                           whose, rule.group, file, rule.file));
  }
}

template <class Rules>
std::map<std::string, std::vector<std::string>> names_by_group(const Rules& rules) {
  std::map<std::string, std::vector<std::string>> names;
  for (const auto& rule : rules) names[rule.group].push_back(rule.name);
  return names;
}

// The heartbeat tells of the rules before it; an alert reads what was recorded before it.
void compare_order(const GateEvidence& evidence, Finding& finding) {
  const auto loaded = names_by_group(*evidence.loaded);
  for (const auto& [group, names] : names_by_group(evidence.rules)) {
    if (auto found = loaded.find(group); found != loaded.end() && found->second == names) continue;
    finding.problems.push_back(fmt::format("Prometheus has the rules of group {} in another order", group));
  }
}

void find_unreadable(const GateEvidence& evidence, Finding& finding) {
  for (const auto& rule : evidence.rules) {
    auto found = evidence.canonical.find(rule.query);
    if (found != evidence.canonical.end() && found->second) continue;
    finding.unreliable.emplace(rule.group, rule.name);
    finding.problems.push_back(
        fmt::format("the expression of {} ({}) can't be compared: {}", rule.name, rule.file,
                    found == evidence.canonical.end() ? "the server was not asked" : found->second.error().message));
  }
}

}  // namespace

Finding prove_loaded(const GateEvidence& evidence) {
  const std::string name = "loaded rules equal the commit's";
  Finding finding;
  if (!evidence.loaded) return conclude("P3", name, {evidence.loaded.error().message}, {});
  const auto alerts = std::count_if(evidence.rules.begin(), evidence.rules.end(), in_scope);
  if (alerts == 0) finding.problems.emplace_back("the commit's rule files hold no alerting rule");
  std::map<std::string, int> names;
  for (const auto& rule : evidence.rules) {
    if (in_scope(rule) && ++names[rule.name] == 2)
      finding.problems.push_back(fmt::format("two alerting rules are called {}", rule.name));
  }
  find_unreadable(evidence, finding);
  if (finding.unreliable.empty()) compare(evidence, finding);
  if (finding.problems.empty()) compare_order(evidence, finding);
  find_namesakes(evidence.rules, "", finding);
  find_namesakes(*evidence.loaded, " of Prometheus", finding);
  auto done =
      conclude("P3", name, std::move(finding.problems),
               fmt::format("{}, {} of them alerts that decide", count_text(evidence.rules.size(), "rule"), alerts));
  done.unreliable = std::move(finding.unreliable);
  return done;
}

Finding prove_healthy(const GateEvidence& evidence) {
  const std::string name = "rules healthy";
  Finding finding;
  if (!evidence.loaded) return conclude("P4", name, {evidence.loaded.error().message}, {});
  std::size_t healthy = 0;
  const LoadedIndex index(evidence);
  for (const auto& rule : evidence.rules) {
    for (const auto* loaded : index.as(rule)) {
      std::string problem;
      if (loaded->health != "ok" || !loaded->last_error.empty()) {
        problem = fmt::format("{} can't be evaluated: {}", rule.name,
                              loaded->last_error.empty() ? "its health is " + loaded->health : loaded->last_error);
      } else if (loaded->last_evaluation < evidence.end) {
        problem = loaded->last_evaluation == 0
                      ? fmt::format("{} was never evaluated", rule.name)
                      : fmt::format("{} was last evaluated at {}, before the window ended at {}", rule.name,
                                    clock_time(loaded->last_evaluation), clock_time(evidence.end));
      } else {
        ++healthy;
      }
      if (problem.empty()) continue;
      finding.unreliable.emplace(rule.group, rule.name);
      finding.problems.push_back(std::move(problem));
    }
  }
  if (healthy == 0 && finding.problems.empty()) finding.problems.emplace_back("no rule of the commit is loaded");
  auto done = conclude("P4", name, std::move(finding.problems),
                       fmt::format("{} rules are healthy and were evaluated after the window", healthy));
  done.unreliable = std::move(finding.unreliable);
  return done;
}

}  // namespace quietgate
