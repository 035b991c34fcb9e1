#include "stages/load/replica_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "runner/base/files.h"
#include "runner/base/plain_file.h"
#include "runner/base/time.h"
#include "stages/attempt/expectation.h"
#include "stages/attempt/step.h"
#include "stages/load/replica_series.h"

namespace quietgate {

namespace {

constexpr Milliseconds first_number_within{30'000};
constexpr Milliseconds between_queries{1'000};
constexpr Milliseconds between_commands{2'000};
constexpr const char* command_patience = "2";  // seconds: one silent answer of a command makes no hole of five
constexpr std::size_t most_answer = 4096;
constexpr Milliseconds after_a_problem{5'000};
constexpr const char* answers_file = "/replicas.txt";
constexpr std::size_t most_answers = 64U << 20;
constexpr double before_the_load = 5;  // seconds of the series that show the base

std::string whole_seconds(double seconds) {
  return human_duration(Milliseconds(std::llround(std::max(0.0, seconds)) * 1000));
}

std::string not_known(const std::string& query) {
  return fmt::format("no sample of `{}` was less than five seconds old: scrape it more often", query);
}

}  // namespace

ReplicaWatch::ReplicaWatch(Http& http, StepExecutor& steps, Clock& clock, const StageRequest& request,
                           const AutoscalingSpec& spec)
    : prometheus_(http, spec.prometheus),
      impatient_(http, spec.prometheus, Milliseconds(2'000)),
      steps_(steps),
      clock_(clock),
      request_(request),
      spec_(spec),
      log_(*request.log),
      stop_(*request.stop),
      between_looks_(spec_.command ? between_commands : between_queries) {}

Task<std::optional<Sample>> ReplicaWatch::ask_command() {
  // A step's name is used once, and there will be many.
  const auto now = seconds_of(clock_.now());
  const auto word = fmt::format("replicas-{:.0f}-{}", now * 1000, ++asked_);
  auto step = step_of(*spec_.command, request_, word);
  if (!step) {
    problem_ = step.error().message;
    co_return std::nullopt;
  }
  step->argv.insert(step->argv.begin(), {"/usr/bin/timeout", "-k", "0.3", command_patience});
  const auto name = step->name;
  const auto output = output_of(name);
  step->output = output;
  step->view.environment = environment_of(request_);
  auto exit = co_await steps_.run(std::move(*step), stop_);
  auto text = read_whole(steps_, output, most_answer);
  steps_.forget(name);
  if (!exit || !exit->succeeded()) {
    problem_ = "the command for the replicas: " + (exit ? describe(*exit) : exit.error().message);
    co_return std::nullopt;
  }
  std::istringstream words(text ? *text : std::string());
  double ready = 0, desired = 0;
  if (!(words >> ready) || !std::isfinite(ready) || ready < 0) {
    problem_ = "the command for the replicas printed no number";
    co_return std::nullopt;
  }
  auto kept = fmt::format("{:.3f} {:g}", now, ready);
  if (words >> desired && std::isfinite(desired)) kept += fmt::format(" {:g}", desired);
  append_plain(request_.directory + answers_file, kept + "\n");
  problem_.clear();
  co_return Sample{now, ready};
}

// Column 1: ready; 2: desired.
std::vector<Sample> ReplicaWatch::answers(std::size_t column, const ScalingWindow& window) const {
  std::vector<Sample> samples;
  std::istringstream file(read_plain(request_.directory + answers_file, 0, most_answers));
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    double time = 0, value = 0;
    words >> time;
    for (std::size_t i = 0; i < column; ++i) words >> value;
    if (!words || time < window.begin - before_the_load || time > window.read_until) continue;
    samples.push_back({time, value});
  }
  return samples;
}

Task<std::optional<Sample>> ReplicaWatch::ask() {
  if (spec_.command) co_return co_await ask_command();
  auto answer = co_await impatient_.query(spec_.query, stop_);
  auto samples = single_series(answer);
  if (!samples) {
    problem_ = samples.error().message;
    co_return std::nullopt;
  }
  if (samples->empty() || !std::isfinite(samples->back().value)) {
    problem_ = samples->empty() ? "the replica query gave no data" : "the replica query gave NaN";
    co_return std::nullopt;
  }
  problem_.clear();
  co_return samples->back();
}

Task<Result<double>> ReplicaWatch::base() {
  auto deadline = clock_.now() + first_number_within;
  std::string told;
  while (true) {
    auto sample = co_await ask();
    if (sample) co_return co_await calm(sample->value);
    if (clock_.now() >= deadline) break;
    if (told != problem_) log_.line("waiting for a replica count: " + problem_);
    told = problem_;
    co_await clock_.sleep(Milliseconds(500), stop_);
  }
  co_return infrastructure_error(
      fmt::format("{} before the load, for {}", problem_, human_duration(first_number_within)),
      "check the query, and that Prometheus scrapes the target that it reads");
}

// What an earlier attempt's load left behind is waited out; a load on top of it would prove nothing.
Task<Result<double>> ReplicaWatch::calm(double count) {
  const auto& expect = spec_.expect;
  if (!expect.reach || !expect.settle_at || count < *expect.reach) co_return Result<double>(count);
  const auto before = format_replicas(count);
  const auto wanted = format_replicas(*expect.settle_at);
  log_.line(fmt::format("already {} before the load: waiting for {}, at most {}", before, wanted,
                        human_duration(expect.settle_within)));
  const auto deadline = clock_.now() + expect.settle_within;
  while (count > *expect.settle_at) {
    if (clock_.now() >= deadline) {
      co_return Result<double>(infrastructure_error(
          fmt::format("already {} before the load, and not {} within {}: reaching {} would prove nothing",
                      format_replicas(count), wanted, human_duration(expect.settle_within),
                      format_quantity(*expect.reach, Unit::number)),
          "find out what else uses the environment, or allow more time with `settle_within`"));
    }
    co_await clock_.sleep(Milliseconds(500), stop_);
    auto sample = co_await ask();
    if (sample) count = sample->value;
  }
  co_return Result<double>(count);
}

Task<bool> ReplicaWatch::look() {
  const auto begun = clock_.now();
  if (begun < next_look_) co_return false;
  // From when it was due: what an answer takes, and being looked at late, must not add up to a hole.
  const auto due = begun - next_look_ < between_looks_ ? next_look_ : begun;
  auto sample = co_await ask();
  // What was missed of a Prometheus can be read later; what a command did not say is lost.
  next_look_ = sample || spec_.command ? due + between_looks_ : clock_.now() + after_a_problem;
  if (!sample) co_return false;
  highest_ = std::max(highest_, sample->value);
  recent_.push_back(*sample);
  if (recent_.size() > 1000) recent_.erase(recent_.begin(), recent_.begin() + 500);
  co_return true;
}

Task<Result<double>> ReplicaWatch::clock_offset() {
  if (spec_.command) co_return Result<double>(0.0);
  auto before = clock_.now();
  auto theirs = co_await prometheus_.now(stop_);
  if (!theirs) co_return theirs.error();
  auto after = clock_.now();
  co_return *theirs - (seconds_of(before) + seconds_of(after)) / 2;
}

Task<double> ReplicaWatch::wait_for_end(ScalingWindow window, double offset) {
  const auto& expect = spec_.expect;
  double reach_deadline = expect.reach ? window.begin + seconds_of(expect.within) : window.end;
  double settle_deadline = expect.settle_at ? window.end + seconds_of(expect.settle_within) : window.end;
  double last_told = -1;
  while (true) {
    double now = seconds_of(clock_.now()) + offset;
    bool reach_open = expect.reach && highest_ < *expect.reach && now < reach_deadline;
    bool settle_open = expect.settle_at && !settled(recent_, expect, window.end) && now < settle_deadline + 1;
    if (!reach_open && !settle_open) co_return now;
    double waited = now - window.end;
    if (last_told < 0 || waited - last_told >= 5) {
      last_told = waited;
      auto count = recent_.empty() || !problem_.empty() ? "no count" : format_quantity(newest().value, Unit::number);
      log_.line(settle_open ? fmt::format("waiting for {}: {} now, {} of {}", format_replicas(*expect.settle_at), count,
                                          whole_seconds(waited), human_duration(expect.settle_within))
                            : fmt::format("waiting for {}: {} now, {} of {}", format_replicas(*expect.reach), count,
                                          whole_seconds(now - window.begin), human_duration(expect.within)));
    }
    co_await clock_.sleep(Milliseconds(250), stop_);
    co_await look();
  }
}

Task<Result<std::vector<Sample>>> ReplicaWatch::read(std::string query, ScalingWindow window) {
  using Answer = Result<std::vector<Sample>>;
  const double from = window.begin - before_the_load;
  auto answer = co_await prometheus_.query_range(query, from, window.read_until, 1, stop_);
  auto values = single_series(answer);
  if (!values) co_return values.error();
  auto queries = stamp_queries(query);
  if (!queries) co_return queries.error();
  std::vector<std::vector<Sample>> stamps;
  for (const auto& stamp : *queries) {
    auto times = co_await prometheus_.query_range(stamp, from, window.read_until, 1, stop_);
    if (!times) co_return times.error();
    stamps.push_back(times->empty() ? std::vector<Sample>() : std::move(times->front().samples));
  }
  co_return Answer(known_counts(*values, stamps));
}

Task<Result<std::vector<Sample>>> ReplicaWatch::desired(ScalingWindow window) {
  if (spec_.command) co_return answers(2, window);
  if (spec_.desired.empty()) co_return std::vector<Sample>();
  auto known = co_await read(spec_.desired, window);
  // No samples would mean that nobody was asked.
  if (known && known->empty()) co_return infrastructure_error(not_known(spec_.desired));
  co_return known;
}

Task<Result<std::vector<Sample>>> ReplicaWatch::series(ScalingWindow window) {
  if (spec_.command) {
    auto kept = answers(1, window);
    if (kept.empty()) co_return infrastructure_error(problem_.empty() ? "the command gave no replica count" : problem_);
    co_return kept;
  }
  auto known = co_await read(spec_.query, window);
  if (known && known->empty()) co_return infrastructure_error(not_known(spec_.query));
  co_return known;
}

}  // namespace quietgate
