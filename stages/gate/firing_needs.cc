#include "stages/gate/firing_needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "stages/gate/gate_evidence.h"

namespace quietgate {

namespace {

constexpr Milliseconds start_and_end{10'000};  // that a load may take beyond its duration

// To the last second: sums are told, which must add up.
std::string exact(Milliseconds span) {
  std::string text;
  std::int64_t left = span.count();
  const std::pair<std::int64_t, const char*> units[] = {{3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}};
  for (const auto& [length, unit] : units) {
    if (left >= length) text += fmt::format("{}{}{}", text.empty() ? "" : " ", left / length, unit);
    left %= length;
  }
  return text.empty() ? "0s" : text;
}
std::string exact(double seconds) {
  return exact(Milliseconds(std::llround(seconds * 1000)));
}

// A span that a stage leaves: those with the same name are the same span.
struct StageWindow {
  std::string name;
  std::optional<Milliseconds> length;
  std::string sum;
};

StageWindow window_of(const Plan& plan, const std::string& stage) {
  const auto* spec = plan.find(stage);
  if (spec == nullptr) return {stage, {}, {}};
  const auto& told = spec->body.relations();
  if (!told.window_of.empty()) return window_of(plan, told.window_of);
  if (!told.window) return {stage, {}, {}};
  if (told.window_before) return {stage, told.window, fmt::format("{} {}", stage, exact(*told.window))};
  return {stage, *told.window + start_and_end,
          fmt::format("{} {} + {} to start and end", stage, exact(*told.window), exact(start_and_end))};
}

std::string too_long(const ExpectedRule& rule, double past, const std::string& stage, const WidestWindow& window) {
  const auto place =
      fmt::format("{}:{}: {} can never fire for the gate of `{}`: ", rule.file, rule.line, rule.name, stage);
  if (std::isinf(past)) return place + "it looks at one fixed moment (`@`), not at the window";
  const double needed = rule.duration + 2 * rule.interval + past;
  if (needed * 1000 <= static_cast<double>(window.length.count())) return {};
  std::string sum = "`for` " + exact(rule.duration);
  if (rule.interval > 0) sum += " + 2 evaluations of " + exact(rule.interval);
  if (past > 0) sum += " + its offset of " + exact(past);
  return place + fmt::format("it needs {} ({}) and a scrape, and the window lasts at most {} ({})", exact(needed), sum,
                             exact(window.length), window.sum);
}

// What is open or closed by itself in the expression, or empty. All that can be said of PromQL without a server.
std::string bracket_problem(const std::string& query) {
  std::string open;
  for (std::size_t at = 0; at < query.size(); ++at) {
    const char c = query[at];
    if (c == '#') {
      at = std::min(query.find('\n', at), query.size());
    } else if (c == '"' || c == '\'' || c == '`') {
      for (++at; at < query.size() && query[at] != c; ++at) at += query[at] == '\\' && c != '`' ? 1 : 0;
      if (at >= query.size()) return fmt::format("a string that begins with {} does not end", c);
    } else if (c == '(' || c == '[' || c == '{') {
      open += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) return fmt::format("`{}` closes nothing", c);
      open.pop_back();
    }
  }
  return open.empty() ? std::string() : fmt::format("`{}` is missing", open.back());
}

}  // namespace

std::map<std::size_t, double> past_by_rule(const std::vector<ExpectedRule>& rules) {
  std::map<std::size_t, double> past;
  for (const auto& need : input_needs(rules)) {
    if (!need.problem.empty()) continue;
    const auto [found, is_new] = past.emplace(need.rule, need.behind);
    if (!is_new) found->second = std::min(found->second, need.behind);
  }
  return past;
}

std::string changing_label(const ExpectedRule& rule) {
  if (rule.duration <= 0) return {};
  for (const auto& [name, text] : rule.labels) {
    if (text.find("{{") == std::string::npos) continue;
    if (text.find("$value") == std::string::npos && text.find(".Value") == std::string::npos) continue;
    return fmt::format(
        "{} can't fire: its label `{}` holds the value, so each evaluation restarts its `for` (put the value in an "
        "annotation)",
        rule.name, name);
  }
  return {};
}

WidestWindow widest_window(const Plan& plan, const std::string& gate_stage, const GateSpec& gate) {
  const auto* own = plan.find(gate_stage);
  const auto watches = own == nullptr ? Milliseconds{0} : own->body.relations().watches;
  if (watches.count() > 0) return {watches, fmt::format("`{}` is watched for {}", gate_stage, exact(watches))};
  std::map<std::string, StageWindow> windows;
  for (const auto& stage : gate.during) {
    auto window = window_of(plan, stage);
    windows.emplace(window.name, std::move(window));
  }
  WidestWindow widest{plan.timeout, "the run's timeout " + exact(plan.timeout)};
  if (windows.size() == 1 && windows.begin()->second.length) {
    widest.length = *windows.begin()->second.length;
    widest.sum = windows.begin()->second.sum;
  }
  widest.length += gate.quiet_for;
  if (gate.quiet_for > Milliseconds{0}) widest.sum += " + quiet_for " + exact(gate.quiet_for);
  return widest;
}

std::vector<std::string> firing_problems(const Plan& plan, const std::string& stage, const GateSpec& gate,
                                         const std::vector<ExpectedRule>& rules) {
  std::vector<std::string> problems;
  const auto window = widest_window(plan, stage, gate);
  const auto past = past_by_rule(rules);
  std::set<std::string> layers;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (const auto bracket = bracket_problem(rules[i].query); !bracket.empty())
      problems.push_back(fmt::format("{}:{}: the expression of {} can't be read: {}", rules[i].file, rules[i].line,
                                     rules[i].name, bracket));
    if (!in_scope(rules[i])) continue;
    if (auto layer = rules[i].labels.find("layer"); layer != rules[i].labels.end()) layers.insert(layer->second);
    const auto behind = past.find(i);
    auto problem = too_long(rules[i], behind == past.end() ? 0 : behind->second, stage, window);
    if (problem.empty()) {
      if (problem = changing_label(rules[i]); !problem.empty())
        problem = fmt::format("{}:{}: {}", rules[i].file, rules[i].line, problem);
    }
    if (!problem.empty()) problems.push_back(std::move(problem));
  }
  for (const auto& layer : gate.layers) {
    if (!layers.contains(layer))
      problems.push_back(fmt::format("the gate of `{}` asks for layer `{}`, but no alert of {} has `layer: {}`", stage,
                                     layer, fmt::join(gate.rules, ", "), layer));
  }
  return problems;
}

}  // namespace quietgate
