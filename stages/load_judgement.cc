#include "stages/load_judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "stages/expectation.h"

namespace quietgate {

namespace {

constexpr std::string_view known_percentiles = "p50 p90 p95 p99";

std::string span(double seconds) {
  if (seconds >= 120) return human_duration(Milliseconds(static_cast<std::int64_t>(seconds) * 1000));
  bool whole = seconds >= 20 || std::fabs(seconds - std::round(seconds)) < 0.05;
  return fmt::format("{:.{}f} s", seconds, whole ? 0 : 1);
}

double ran_for(const LoadReport& report) {
  return report.length.value_or(static_cast<double>(report.seconds.size()));
}

std::string how_far(const LoadReport& report, const LoadSpec& spec) {
  return fmt::format("after {} of {}", span(ran_for(report)), span(static_cast<double>(spec.duration.count()) / 1000));
}

// Locust's own words: its last line at level ERROR or above, else the last line there is.
std::string own_words(std::string_view log) {
  std::string last, error;
  while (!log.empty()) {
    auto end = log.find('\n');
    auto line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.find_first_not_of(" -|\t") == std::string_view::npos) continue;
    bool is_error = line.find("/ERROR/") != std::string_view::npos || line.find("/CRITICAL/") != std::string_view::npos;
    if (line.front() == '[') {
      auto colon = line.find(": ", std::min(line.find(']'), line.size()));
      if (colon != std::string_view::npos) line.remove_prefix(colon + 2);
    }
    (is_error ? error : last) = line.substr(0, 300);
  }
  return error.empty() ? last : error;
}

std::string with_words(std::string sentence, const LocustEnd& end) {
  auto words = own_words(end.last_log);
  return words.empty() ? sentence : sentence + ": " + words;
}

Check completion(Outcome outcome, std::string sentence) {
  return {"completed", "the whole duration", "no", outcome, std::move(sentence)};
}

Check crashed(const LoadCrash& crash, const std::string& root) {
  bool ours = !crash.file.starts_with(root + "/");
  auto file = ours ? crash.file : crash.file.substr(root.size() + 1);
  auto place = file.empty() ? std::string() : fmt::format(" ({} line {})", file, crash.line);
  if (ours) return completion(Outcome::error, fmt::format("Locust broke: {}{}", crash.error, place));
  return completion(Outcome::failed, fmt::format("the locustfile could not be used: {}{}", crash.error, place));
}

Check only_exceptions(const LoadReport& report) {
  std::string first;
  for (const auto& [text, count] : report.errors) {
    if (first.empty() && text.starts_with("raised ")) first = ": " + text.substr(7);
  }
  return completion(Outcome::failed, fmt::format("the locustfile sent no requests and raised {} exceptions{}",
                                                 format_count(report.exceptions), first));
}

// Locust's timer starts a little before the load does, so a short load is a little shorter than asked for.
bool long_enough(const LoadReport& report, const LoadSpec& spec) {
  double asked = static_cast<double>(spec.duration.count()) / 1000;
  return ran_for(report) >= asked - std::max(0.05 * asked, std::min(1.0, asked / 2));
}

std::string mostly(const LoadReport& report) {
  for (const auto& [text, count] : report.errors) {
    if (!text.starts_with("raised ")) return fmt::format(", mostly {} ({} times)", text, format_count(count));
  }
  return {};
}

Check percentile_check(const std::string& name, const Bound& bound, const LoadReport& report,
                       const std::string& basis) {
  double q = std::stod(name.substr(1)) / 100;
  auto least = least_samples(q);
  if (report.steady.count() < least) {
    return inconclusive_check(
        name, bound.text,
        fmt::format("{} needs at least {} requests after the warm-up and had {}", name, least, report.steady.count()));
  }
  return judge(name, report.steady.percentile(q), Unit::milliseconds, bound, basis);
}

Check expectation_check(const std::string& name, const Bound& bound, const LoadReport& report) {
  auto steady_span = report.steady_length();
  auto basis = fmt::format("over {} ({} requests)", span(steady_span), format_count(report.steady_requests));
  auto whole = fmt::format("over {} ({} requests)", span(ran_for(report)), format_count(report.requests));
  if (report.requests == 0) return inconclusive_check(name, bound.text, name + ": Locust sent no requests");
  if (name == "failure_ratio") {
    auto ratio = static_cast<double>(report.failures) / static_cast<double>(report.requests);
    auto check = judge("failure ratio", ratio, Unit::ratio, bound, whole);
    if (check.outcome == Outcome::failed) check.sentence += mostly(report);
    return check;
  }
  if (name == "requests") {
    return judge(name, static_cast<double>(report.requests), Unit::count, bound, "over " + span(ran_for(report)));
  }
  if (name == "requests_per_second") {
    if (steady_span < 1) {
      return inconclusive_check("rate", bound.text,
                                "less than a second was left after the warm-up to take a rate from");
    }
    return judge("rate", static_cast<double>(report.steady_requests) / steady_span, Unit::requests_per_second, bound,
                 basis);
  }
  if (name == "mean" || name == "max") {
    if (report.steady.count() == 0) {
      return inconclusive_check(name, bound.text, name + ": no requests were answered after the warm-up");
    }
    return judge(name, name == "mean" ? report.steady.mean() : report.steady.largest(), Unit::milliseconds, bound,
                 basis);
  }
  if (name.size() == 3 && known_percentiles.find(name) != std::string_view::npos) {
    return percentile_check(name, bound, report, basis);
  }
  return inconclusive_check(name, bound.text, fmt::format("`{}` is nothing that a load is measured by", name));
}

// Exceptions of the locustfile's tasks are no requests and so in no failure ratio; they are held to its bound.
std::optional<Check> exceptions_check(const LoadReport& report, const LoadSpec& spec) {
  if (report.exceptions == 0 || report.requests == 0) return std::nullopt;
  auto bound = spec.expect.find("failure_ratio");
  auto ratio = static_cast<double>(report.exceptions) / static_cast<double>(report.requests);
  std::string first;
  for (const auto& [text, count] : report.errors) {
    if (first.empty() && text.starts_with("raised ")) first = ": " + text.substr(7);
  }
  auto sentence = fmt::format("the locustfile raised {} exceptions in {} requests{}", format_count(report.exceptions),
                              format_count(report.requests), first);
  bool tolerated = bound != spec.expect.end() && bound->second.holds(ratio);
  return Check{"exceptions", bound == spec.expect.end() ? "none" : bound->second.text, format_count(report.exceptions),
               tolerated ? Outcome::passed : Outcome::failed, std::move(sentence)};
}

}  // namespace

std::int64_t least_samples(double q) {
  return static_cast<std::int64_t>(std::ceil(std::log(0.05) / std::log(q) - 1e-9));
}

bool hopeless(const LoadReport& report) {
  return report.requests == 0 && report.exceptions >= 20 && report.seconds.size() >= 3;
}

std::optional<Check> judge_completion(const LoadReport& report, const LocustEnd& end, const LoadSpec& spec,
                                      const std::string& root) {
  using How = LocustEnd::How;
  if (end.how == How::not_started) return completion(Outcome::error, "Locust could not be started: " + end.words);
  if (!report.damage.empty()) {
    return completion(Outcome::inconclusive, "what Locust wrote makes no sense: " + report.damage);
  }
  if (report.crash) return crashed(*report.crash, root);
  if (report.requests == 0 && report.exceptions > 0) return only_exceptions(report);
  if (end.how == How::overdue) {
    return completion(Outcome::failed, fmt::format("Locust did not end: {}", end.words));
  }
  if (end.how == How::killed) {
    auto when = report.begin ? how_far(report, spec) : std::string("before the load began");
    return completion(Outcome::error, fmt::format("Locust was ended from outside: {} {}", end.words, when));
  }
  if (!report.loaded) {
    return completion(Outcome::error, with_words(fmt::format("Locust did not come up ({})", end.words), end));
  }
  if (!report.begin) {
    return completion(Outcome::failed, with_words(fmt::format("Locust did not begin the load ({})", end.words), end));
  }
  if (!report.finished) {
    return completion(Outcome::failed, with_words(fmt::format("Locust ended without its final counts ({}) {}",
                                                              end.words, how_far(report, spec)),
                                                  end));
  }
  // An end that Locust decided itself announces itself; a signal's does not.
  if (!report.length) {
    return completion(Outcome::error, fmt::format("Locust was interrupted from outside {}", how_far(report, spec)));
  }
  if (!long_enough(report, spec)) {
    return completion(Outcome::failed, fmt::format("the locustfile ended the load {}", how_far(report, spec)));
  }
  return std::nullopt;
}

std::vector<Check> judge_load(const LoadReport& report, const LocustEnd& end, const LoadSpec& spec) {
  std::vector<Check> checks;
  auto whole = span(ran_for(report));
  if (report.requests == 0) {
    checks.push_back(inconclusive_check("completed", "any requests", "Locust sent no requests in " + whole));
  } else {
    checks.push_back(passed_check("completed", "the whole duration", whole,
                                  fmt::format("{} requests in {}", format_count(report.requests), whole)));
  }
  if (end.code != 0) {
    checks.push_back(failed_check("exit status", "0", std::to_string(end.code),
                                  with_words(fmt::format("Locust ended with exit status {}", end.code), end)));
  }
  if (auto check = exceptions_check(report, spec)) checks.push_back(*check);
  // In the order in which people read them, not that of the alphabet.
  static constexpr std::array<const char*, 9> order{
      "failure_ratio", "requests", "requests_per_second", "p50", "p90", "p95", "p99", "mean", "max"};
  for (const auto* name : order) {
    auto found = spec.expect.find(name);
    if (found != spec.expect.end()) checks.push_back(expectation_check(name, found->second, report));
  }
  for (const auto& [name, bound] : spec.expect) {
    if (std::find(order.begin(), order.end(), name) == order.end()) {
      checks.push_back(expectation_check(name, bound, report));
    }
  }
  return checks;
}

}  // namespace quietgate
