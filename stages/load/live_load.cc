#include "stages/load/live_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "runner/base/plain_file.h"
#include "runner/base/time.h"
#include "stages/attempt/expectation.h"
#include "stages/load/load_judgement.h"
#include "stages/load/load_process.h"

namespace quietgate {

namespace {

constexpr Milliseconds time_to_begin{60'000};  // for the source to come up and read its script
constexpr Milliseconds time_to_join{90'000};   // likewise, with workers
constexpr Milliseconds time_to_end{60'000};    // beyond the duration
constexpr Milliseconds longest_look{5'000};    // what is more between two looks is a clock that was set, or a sleep
constexpr std::size_t seconds_between_lines = 5;
constexpr std::size_t read_lines_at_once = 256UL * 1024;
constexpr const char* alarm_file = "/alarm";
constexpr std::size_t most_alarm = 4096;

void add_second(Measurements& to, const LoadReport& report, std::size_t index, const PlannedLoad& load, double offset) {
  const auto& second = report.seconds[index];
  const std::string prefix = load.baseline ? "baseline.load." : "load.";
  double begin = report.begin.value_or(0) + offset + static_cast<double>(index);
  double width = 1;
  if (report.length) width = std::clamp(*report.length - static_cast<double>(index), 0.001, 1.0);
  double at = begin + width;
  // The last second is cut short: its counts are no rates.
  if (width > 0.5) {
    to.add(prefix + "requests_per_second", at, static_cast<double>(second.requests) / width);
    to.add(prefix + "failures_per_second", at, static_cast<double>(second.failures) / width);
  }
  to.add(prefix + "users", at, second.users);
  to.add(prefix + "p50_ms", at, second.p50);
  to.add(prefix + "p95_ms", at, second.p95);
  to.add(prefix + "p99_ms", at, second.p99);
  if (second.cpu > 0) to.add(prefix + "generator_cores", at, second.cpu);
  if (second.intended > 0) {
    to.add(prefix + "arrivals_intended", at, static_cast<double>(second.intended));
    to.add(prefix + "arrivals_begun", at, static_cast<double>(second.begun));
  }
}

}  // namespace

LiveLoad::LiveLoad(const StageRequest& request, const LoadSpec& spec, PlannedLoad load, bool running,
                   ReplicaWatch* replicas, Clock& clock, LoadMetrics* metrics)
    : planned(std::move(load)),
      report(spec.warm_up),
      request_(request),
      spec_(spec),
      replicas_(replicas),
      clock_(clock),
      rows_(planned.rows, spec_),
      drawn_(request.directory + "/measurements.ndjson"),
      resumed_(running),
      looked_(clock.now()),
      counted_(std::in_place, metrics, request.run.repository) {
  if (planned.number == 1) (void)replace_file(drawn_, {});
  if (running) counted_->begin_late();
  if (!request.resume) return;
  // What an earlier runner knew.
  ended_for = read_plain(request_.directory + alarm_file, 0, most_alarm);
  ended_for.erase(std::min(ended_for.find('\n'), ended_for.size()));
}

// A long load's file is large: other coroutines run between its parts.
Task<void> LiveLoad::read() {
  while (rows_.read_into(report, read_lines_at_once)) co_await clock_.sleep(Milliseconds(1), *request_.stop);
  if (counted_) counted_->count(report.requests, report.failures);
  draw();
}

void LiveLoad::draw() {
  if (told_ == report.seconds.size()) return;
  Measurements fresh;
  bool line = false;
  for (; told_ < report.seconds.size(); ++told_) {
    add_second(fresh, report, told_, planned, 0);
    line = line || (told_ + 1) % seconds_between_lines == 0;
  }
  append_plain(drawn_, fresh.text());
  auto progress = progress_of(report, spec_.duration);
  progress.load = planned.number;
  progress.loads = planned.of;
  if (line && !report.finished) request_.log->line(to_line(progress));
  if (request_.progress != nullptr) request_.progress->post(request_.directory, to_json(progress));
}

// The time of day may be set while a load runs: its steps count, not their sum.
void LiveLoad::wait_on() {
  const auto now = clock_.now();
  waited_ += std::clamp(now - std::exchange(looked_, now), Milliseconds(0), longest_look);
  if (begun_ || !report.begin) return;
  begun_ = true;
  // A load that an earlier runner began has its time to end in any case.
  waited_ = resumed_ ? std::clamp(now - time_at(*report.begin), Milliseconds(0), spec_.duration) : Milliseconds(0);
}

std::optional<std::string> LiveLoad::must_end() {
  wait_on();
  auto fired = request_.alerts == nullptr ? std::string() : request_.alerts->fired();
  if (ended_for.empty() && !fired.empty() && !report.finished) {
    ended_for = std::move(fired);
    request_.log->line(ended_for + ": ending the load");
    // Before the effect: the next runner would take the end for the source's own misfortune, and try again.
    (void)replace_file(request_.directory + alarm_file, ended_for);
    return ended_for;
  }
  if (!ended_for.empty() && !report.finished) return ended_for;
  if (!report.damage.empty()) return "its rows can't be read";
  if (report.lost && !report.finished) return "a worker was lost";
  if (hopeless(report, spec_)) return "it raises nothing but exceptions";
  auto begins = spec_.workers.count > 0 ? time_to_join : time_to_begin;
  const auto limit = report.begin ? spec_.duration + time_to_end : begins;
  if (waited_ <= limit || report.finished) return std::nullopt;
  return report.begin ? fmt::format("it still ran {} after its load should have ended", human_duration(time_to_end))
                      : fmt::format("it did not begin its load within {}", human_duration(begins));
}

Task<std::optional<std::string>> LiveLoad::follow() {
  co_await read();
  bool fresh_count = false;
  if (replicas_ != nullptr) fresh_count = co_await replicas_->look();
  if (fresh_count) {
    Measurements fresh;
    fresh.add("replicas", replicas_->newest().time, replicas_->newest().value);
    append_plain(drawn_, fresh.text());
  }
  co_return must_end();
}

Task<Result<LoadEnd>> LiveLoad::run(StepExecutor& steps, StepSpec process) {
  auto end = co_await run_load_process(steps, clock_, std::move(process), *request_.stop, [this] { return follow(); });
  co_await read();
  rows_.finish(report, end.ok() && end->how == LoadEnd::How::exited);
  co_await read();
  counted_.reset();
  co_return end;
}

Task<LoadReport> LiveLoad::read_again(Milliseconds from, std::optional<Milliseconds> until) {
  LoadReport again(from, until);
  LoadRows rows(planned.rows, spec_);
  while (rows.read_into(again, read_lines_at_once)) co_await clock_.sleep(Milliseconds(1), *request_.stop);
  rows.finish(again);
  co_return again;
}

void add_measurements(Measurements& to, const LiveLoad& load, double offset) {
  for (std::size_t index = 0; index < load.report.seconds.size(); ++index) {
    add_second(to, load.report, index, load.planned, offset);
  }
}

}  // namespace quietgate
