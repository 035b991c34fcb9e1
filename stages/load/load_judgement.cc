#include "stages/load/load_judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "stages/attempt/expectation.h"
#include "stages/load/load_bounds.h"
#include "stages/load/load_log.h"
#include "stages/load/load_users.h"
#include "stages/load/statistics.h"

namespace quietgate {

namespace {

constexpr std::string_view known_percentiles = "p50 p90 p95 p99";
constexpr double kept_up = 0.95;    // of the schedule: with less the load was another than the one asked for
constexpr double busy_cores = 0.9;  // from here on a process may measure itself
constexpr double most_begun = 1.05;
constexpr std::int64_t least_silence = 2;  // seconds
constexpr double least_missed = 20;        // requests: fewer may just not have been due

std::string span_of(double seconds) {
  if (seconds >= 120) return human_duration(Milliseconds(static_cast<std::int64_t>(seconds) * 1000));
  bool whole = seconds >= 20 || std::fabs(seconds - std::round(seconds)) < 0.05;
  return fmt::format("{:.{}f} s", seconds, whole ? 0 : 1);
}

double ran_for(const LoadReport& report) {
  return report.length.value_or(static_cast<double>(report.seconds.size()));
}

std::string how_far(const LoadReport& report, const LoadSpec& spec) {
  return fmt::format("after {} of {}", span_of(ran_for(report)),
                     span_of(static_cast<double>(spec.duration.count()) / 1000));
}

std::string with(std::string sentence, const std::string& words) {
  return words.empty() ? sentence : sentence + ": " + words;
}

std::string with_words(std::string sentence, const LoadEnd& end) {
  return with(std::move(sentence), last_message(end.last_log));
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

// `: KeyError: 'id'`; empty: none is known.
std::string first_raised(const LoadReport& report) {
  for (const auto& error : report.errors) {
    if (error.raised) return ": " + error.text;
  }
  return {};
}

Check only_exceptions(const LoadReport& report) {
  return completion(Outcome::failed, fmt::format("the locustfile sent no requests and raised {} exceptions{}",
                                                 format_count(report.exceptions), first_raised(report)));
}

// Locust's timer starts a little before the load does, so a short load is a little shorter than asked for.
bool long_enough(const LoadReport& report, const LoadSpec& spec) {
  double asked = static_cast<double>(spec.duration.count()) / 1000;
  return ran_for(report) >= asked - std::max(0.05 * asked, std::min(1.0, asked / 2));
}

std::string mostly(const LoadReport& report) {
  for (const auto& error : report.errors) {
    if (!error.raised) return fmt::format(", mostly {} ({} times)", error.text, format_count(error.count));
  }
  return {};
}

// The requests that a bound is about: all of them, or those of one endpoint.
struct Judged {
  const LoadReport& report;
  std::string source;
  std::string prefix;  // `GET / `, before the measure's name
  std::int64_t requests = 0;
  std::int64_t failures = 0;
  const ResponseTimes& steady;
  std::int64_t steady_requests = 0;
};

Check failures_check(const Bound& bound, const Judged& of, const std::string& whole) {
  auto check = judge_failures(of.prefix + "failure ratio", of.failures, of.requests, bound, whole);
  if (check.outcome == Outcome::failed) check.sentence += mostly(of.report);
  return check;
}

Check measured_check(const std::string& name, const Bound& bound, const Judged& of) {
  const auto& report = of.report;
  auto steady_span = report.steady_length();
  auto basis = fmt::format("over {} ({} requests)", span_of(steady_span), format_count(of.steady_requests));
  auto whole = fmt::format("over {} ({} requests)", span_of(ran_for(report)), format_count(of.requests));
  const auto full = of.prefix + name;
  if (of.requests == 0) {
    return inconclusive_check(full, bound.text, fmt::format("{}: {} sent no requests", full, of.source));
  }
  if (name == "failure_ratio") return failures_check(bound, of, whole);
  if (name == "requests") {
    return judge(full, static_cast<double>(of.requests), Unit::count, bound, "over " + span_of(ran_for(report)));
  }
  if (name == "requests_per_second") {
    if (steady_span < 1) {
      return inconclusive_check(of.prefix + "rate", bound.text,
                                "less than a second was left after the warm-up: too short for a rate");
    }
    return judge(of.prefix + "rate", static_cast<double>(of.steady_requests) / steady_span, Unit::requests_per_second,
                 bound, basis);
  }
  if (name == "mean" || name == "max") {
    if (of.steady.count() == 0) {
      return inconclusive_check(full, bound.text, full + ": no requests were answered after the warm-up");
    }
    return judge(full, name == "mean" ? of.steady.mean() : of.steady.largest(), Unit::milliseconds, bound, basis);
  }
  if (name.size() == 3 && known_percentiles.find(name) != std::string_view::npos) {
    return judge_percentile(full, std::stod(name.substr(1)) / 100, of.steady, bound, basis, " after the warm-up");
  }
  return inconclusive_check(full, bound.text, fmt::format("unknown load metric `{}`", name));
}

bool kept_schedule(const LoadReport& report) {
  const double achieved = report.achieved();
  return std::isnan(achieved) || achieved >= kept_up;
}

struct Arrivals {
  std::int64_t intended = 0, begun = 0;
  bool too_many() const { return static_cast<double>(begun) > most_begun * static_cast<double>(intended); }
};

Arrivals arrivals_of(const LoadReport& report) {
  Arrivals all;
  for (const auto& second : report.seconds) {
    all.intended += second.intended;
    all.begun += second.begun;
  }
  return all;
}

// Tasks that begin late for want of users or of a processor make response times long and counts small, whatever the
// service does; it failed those requests alone that it failed.
Check expectation_check(const std::string& name, const Bound& bound, const Judged& of) {
  auto check = measured_check(name, bound, of);
  if (check.outcome != Outcome::failed || name == "failure_ratio") return check;
  if (kept_schedule(of.report) && !arrivals_of(of.report).too_many()) return check;
  check.outcome = Outcome::inconclusive;
  check.sentence += ", but the load generator did not keep the schedule: this was not the load that was asked for";
  return check;
}

// In the order in which people read them, not that of the alphabet.
void add_expectations(const std::map<std::string, Bound>& expect, const Judged& of, std::vector<Check>& checks) {
  static constexpr std::array<const char*, 9> order{
      "failure_ratio", "requests", "requests_per_second", "p50", "p90", "p95", "p99", "mean", "max"};
  for (const auto* name : order) {
    auto found = expect.find(name);
    if (found != expect.end()) checks.push_back(expectation_check(name, found->second, of));
  }
  for (const auto& [name, bound] : expect) {
    if (std::find(order.begin(), order.end(), name) == order.end()) {
      checks.push_back(expectation_check(name, bound, of));
    }
  }
}

void add_endpoints(const LoadReport& report, const LoadSpec& spec, std::vector<Check>& checks) {
  for (const auto& [name, bounds] : spec.endpoints) {
    auto found = report.endpoints.find(name);
    if (found == report.endpoints.end()) {
      std::vector<std::string> seen;
      for (const auto& [other, counts] : report.endpoints) {
        if (seen.size() < 5) seen.push_back("`" + other + "`");
      }
      checks.push_back(
          inconclusive_check(name, "requests",
                             fmt::format("no request was named `{}`; there were {}{}", name, fmt::join(seen, ", "),
                                         report.endpoints.size() > seen.size() ? ", ..." : "")));
      continue;
    }
    const auto& counts = found->second;
    add_expectations(bounds,
                     {report, to_string(source_of(spec)), name + " ", counts.requests, counts.failures, counts.steady,
                      counts.steady_requests},
                     checks);
  }
}

// A load by a schedule that its generator did not follow was another load.
std::optional<Check> schedule_check(const LoadReport& report) {
  const double achieved = report.achieved();
  if (std::isnan(achieved)) return std::nullopt;
  auto wanted = fmt::format(">= {:.0f} %", 100 * kept_up);
  auto observed = fmt::format("{:.1f} %", 100 * achieved);
  if (kept_schedule(report)) {
    return passed_check("arrivals", wanted, observed,
                        fmt::format("{} {} of the scheduled arrivals began", observed, wanted));
  }
  return inconclusive_check("arrivals", wanted,
                            fmt::format("the load generator could not keep up: only {} of the scheduled arrivals began "
                                        "(expected: {}); give it more `users`, or "
                                        "`workers` when its processor is busy ({:.2f} of a core)",
                                        observed, wanted, report.steady_cpu()));
}

std::optional<Check> generator_check(const LoadReport& report) {
  const double cpu = report.steady_cpu();
  if (cpu < busy_cores) return std::nullopt;
  auto observed = fmt::format("{:.2f} cores", cpu);
  return warning_check("generator", fmt::format("< {} cores", busy_cores), observed,
                       fmt::format("a process of the load generator used {:.2f} of a core: the response times may "
                                   "be its own; add `workers` to share the work",
                                   cpu));
}

// Exceptions of the locustfile's tasks are no requests and so in no failure ratio; they are held to its bound.
std::optional<Check> exceptions_check(const LoadReport& report, const LoadSpec& spec) {
  if (report.exceptions == 0 || report.requests == 0) return std::nullopt;
  auto bound = spec.expect.find("failure_ratio");
  auto ratio = static_cast<double>(report.exceptions) / static_cast<double>(report.requests);
  auto sentence = fmt::format("the locustfile raised {} exceptions in {} requests{}", format_count(report.exceptions),
                              format_count(report.requests), first_raised(report));
  bool tolerated = bound != spec.expect.end() && bound->second.holds(ratio);
  return Check{"exceptions", bound == spec.expect.end() ? "none" : bound->second.text, format_count(report.exceptions),
               tolerated ? Outcome::passed : Outcome::failed, std::move(sentence)};
}

// Unanswered requests are failed ones, but their times are only what they had waited at the end: no percentile tells
// how long they would have taken.
std::optional<Check> unanswered_check(const LoadReport& report, const LoadSpec& spec) {
  if (report.unanswered == 0) return std::nullopt;
  auto bound = spec.expect.find("failure_ratio");
  const double ratio = static_cast<double>(report.failures) / static_cast<double>(report.requests);
  const bool tolerated = bound != spec.expect.end() && bound->second.holds(ratio);
  return Check{"unanswered", bound == spec.expect.end() ? "none" : bound->second.text, format_count(report.unanswered),
               tolerated ? Outcome::passed : Outcome::failed,
               fmt::format("{} of {} requests were never answered; the oldest had waited {}",
                           format_count(report.unanswered), format_count(report.requests), span_of(report.oldest))};
}

// What is late in the warm-up begins after it, so it is the whole load whose count must not be above the schedule's.
std::optional<Check> excess_check(const LoadReport& report) {
  const auto all = arrivals_of(report);
  if (!all.too_many()) return std::nullopt;
  return inconclusive_check("arrivals in all", fmt::format("<= {:.0f} %", 100 * most_begun),
                            fmt::format("{} tasks began, but the schedule had {}: not all of them are of this load",
                                        format_count(all.begun), format_count(all.intended)));
}

// In a closed model a service that stands still gets no requests, so its percentiles hardly show it.
std::optional<Check> silence_check(const LoadReport& report) {
  const auto silence = report.silence();
  if (silence.seconds < least_silence || silence.missed < least_missed) return std::nullopt;
  return inconclusive_check(
      "silence", fmt::format("< {} s", least_silence),
      fmt::format("no request was answered for {}, from second {} of the load on, with {} users at work: at the "
                  "rate of the other seconds, about {} answers are missing",
                  span_of(static_cast<double>(silence.seconds)), silence.from, format_count(silence.users),
                  format_count(std::llround(silence.missed))));
}

}  // namespace

LoadSource source_of(const LoadSpec& spec) {
  if (!spec.k6.empty()) return LoadSource::k6;
  return spec.command ? LoadSource::command : LoadSource::locust;
}

const char* to_string(LoadSource source) {
  switch (source) {
    case LoadSource::locust:
      return "Locust";
    case LoadSource::k6:
      return "k6";
    case LoadSource::command:
      return "the command";
  }
  return "unknown";
}

Milliseconds steady_from(const LoadReport& report, const LoadSpec& spec, double scaled_after) {
  auto from = spec.warm_up;
  if (spec.phases.empty() && !report.own_shape && source_of(spec) == LoadSource::locust) {
    // The second in which the last user came; none: there is no steady state.
    auto all = std::find_if(report.seconds.begin(), report.seconds.end(),
                            [&](const LoadSecond& second) { return second.users >= spec.users; });
    from = std::max(from, Milliseconds(1000 * (all - report.seconds.begin())));
  }
  if (spec.autoscaling && spec.autoscaling->expect.reach && scaled_after >= 0) {
    from = std::max(from, Milliseconds(std::llround(scaled_after * 1000)));
  }
  return from;
}

LoadValues measures_of(const LoadReport& report) {
  LoadValues measures;
  auto& lacking = measures.lacking;
  for (const auto& [name, q] : {std::pair("p50", 0.5), std::pair("p95", 0.95), std::pair("p99", 0.99)}) {
    const auto count = report.steady.count(), least = least_samples(q);
    if (!kept_schedule(report)) {
      lacking[name] = fmt::format("{:.1f} % of the scheduled arrivals began", 100 * report.achieved());
    } else if (count < least) {
      lacking[name] = fmt::format("{} requests after the warm-up, {} needs {}", format_count(count), name, least);
    } else {
      measures.values[name] = report.steady.percentile(q);
    }
  }
  if (report.requests > 0) {
    measures.values["failure_ratio"] = static_cast<double>(report.failures) / static_cast<double>(report.requests);
  } else {
    lacking["failure_ratio"] = "no requests";
  }
  if (!kept_schedule(report)) {
    lacking["requests_per_second"] = lacking["p50"];
  } else if (report.steady_length() >= 1) {
    measures.values["requests_per_second"] = static_cast<double>(report.steady_requests) / report.steady_length();
  } else {
    lacking["requests_per_second"] = "less than a second after the warm-up";
  }
  return measures;
}

bool hopeless(const LoadReport& report, const LoadSpec& spec) {
  return deserted(report, spec) || (report.requests == 0 && report.exceptions >= 20 && report.seconds.size() >= 3);
}

std::optional<Check> judge_completion(const LoadReport& report, const LoadEnd& end, const LoadSpec& spec,
                                      const std::string& root) {
  using How = LoadEnd::How;
  const std::string source = to_string(source_of(spec));
  if (end.how == How::not_started) return completion(Outcome::error, source + " could not be started: " + end.words);
  if (!report.damage.empty()) {
    return completion(Outcome::inconclusive, fmt::format("the rows of {} can't be read: {}", source, report.damage));
  }
  if (report.crash) return crashed(*report.crash, root);
  if (report.lost && !report.lost->gone) {
    return completion(Outcome::error,
                      fmt::format("worker {} of the load {}: {} after its begin it was no longer the "
                                  "load that was asked for",
                                  report.lost->name, report.lost->words, span_of(report.lost->elapsed)));
  }
  if (report.lost) {
    return completion(Outcome::error,
                      fmt::format("worker {} was lost ({}) {} after the load began: its share of the load is missing",
                                  report.lost->name, report.lost->words, span_of(report.lost->elapsed)));
  }
  if (report.workers && !report.begin && report.workers->joined < report.workers->expected) {
    return completion(Outcome::error, fmt::format("{} of {} workers joined in time, so the load did not begin",
                                                  report.workers->joined, report.workers->expected));
  }
  if (deserted(report, spec)) return users_check(report, spec);
  if (report.requests == 0 && report.exceptions > 0) return only_exceptions(report);
  if (end.how == How::overdue) {
    return completion(Outcome::failed, fmt::format("{} did not end: {}", source, end.words));
  }
  if (end.how == How::killed) {
    auto when = report.begin ? how_far(report, spec) : std::string("before the load began");
    return completion(Outcome::error, fmt::format("{} was ended from outside: {} {}", source, end.words, when));
  }
  if (!report.loaded) {
    return completion(Outcome::error, with_words(fmt::format("{} did not come up ({})", source, end.words), end));
  }
  if (!report.begin) {
    return completion(Outcome::failed,
                      with_words(fmt::format("{} did not begin the load ({})", source, end.words), end));
  }
  if (!report.finished) {
    return completion(Outcome::failed, with_words(fmt::format("{} ended without its final counts ({}) {}", source,
                                                              end.words, how_far(report, spec)),
                                                  end));
  }
  // An end that Locust decided itself announces itself; a signal's does not.
  if (!report.length) {
    return completion(Outcome::error, fmt::format("{} was interrupted from outside {}", source, how_far(report, spec)));
  }
  if (!long_enough(report, spec)) {
    const auto whose = source_of(spec) == LoadSource::locust ? "the locustfile" : source;
    return completion(Outcome::failed, fmt::format("{} ended the load {}", whose, how_far(report, spec)));
  }
  return std::nullopt;
}

namespace {

Check requests_check(const LoadReport& report, const LoadSpec& spec) {
  const auto whole = span_of(ran_for(report));
  if (report.requests == 0) {
    return inconclusive_check("completed", "any requests",
                              fmt::format("{} sent no requests in {}", to_string(source_of(spec)), whole));
  }
  return passed_check("completed", "the whole duration", whole,
                      fmt::format("{} requests in {}", format_count(report.requests), whole));
}

}  // namespace

std::vector<Check> judge_course(const LoadReport& report, const LoadSpec& spec) {
  std::vector<Check> checks{requests_check(report, spec)};
  if (auto check = schedule_check(report)) checks.push_back(*check);
  return checks;
}

std::vector<Check> judge_load(const LoadReport& report, const LoadEnd& end, const LoadSpec& spec) {
  std::vector<Check> checks{requests_check(report, spec)};
  if (auto check = users_check(report, spec)) checks.push_back(*check);
  if (end.code != 0) {
    const bool of_locust = source_of(spec) == LoadSource::locust;
    checks.push_back(
        failed_check("exit status", "0", std::to_string(end.code),
                     with(fmt::format("{} ended with exit status {}", to_string(source_of(spec)), end.code),
                          of_locust ? last_error(end.last_log) : last_message(end.last_log))));
  }
  if (auto check = exceptions_check(report, spec)) checks.push_back(*check);
  if (auto check = unanswered_check(report, spec)) checks.push_back(*check);
  if (auto check = schedule_check(report)) checks.push_back(*check);
  if (auto check = excess_check(report)) checks.push_back(*check);
  if (auto check = silence_check(report)) checks.push_back(*check);
  if (auto check = generator_check(report)) checks.push_back(*check);
  add_expectations(
      spec.expect,
      {report, to_string(source_of(spec)), {}, report.requests, report.failures, report.steady, report.steady_requests},
      checks);
  add_endpoints(report, spec, checks);
  return checks;
}

}  // namespace quietgate
