#include "stages/load/load_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "stages/attempt/expectation.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t longest_line = 4 * 1024 * 1024;
constexpr std::int64_t most_buckets = 64 * 256;
constexpr std::int64_t most_requests = std::int64_t{1} << 40;
constexpr std::size_t most_seconds = 14 * 24 * 3600;
constexpr std::size_t most_endpoints = 110;  // the listener has a limit of its own, per process

// The largest whole number of microseconds that the bucket holds, in milliseconds.
double upper_edge(std::int64_t bucket) {
  if (bucket < 512) return static_cast<double>(bucket) / 1000;
  auto exponent = (bucket >> 8) - 1;
  auto mantissa = bucket - (exponent << 8);
  return (std::ldexp(static_cast<double>(mantissa + 1), static_cast<int>(exponent)) - 1) / 1000;
}

// Fields of one row; each throws std::runtime_error with the field's name when it is not what it must be.
std::int64_t count_of(const Json& row, const char* name) {
  auto found = row.find(name);
  if (found == row.end() || !found->is_number_integer()) throw std::runtime_error(fmt::format("no count `{}`", name));
  auto value = found->get<std::int64_t>();
  if (value < 0 || value > most_requests) throw std::runtime_error(fmt::format("`{}` is out of range", name));
  return value;
}

double number_of(const Json& row, const char* name) {
  auto found = row.find(name);
  if (found == row.end() || !found->is_number()) throw std::runtime_error(fmt::format("no number `{}`", name));
  auto value = found->get<double>();
  if (!std::isfinite(value) || value < 0 || value > 1e15) {
    throw std::runtime_error(fmt::format("`{}` is out of range", name));
  }
  return value;
}

std::string text_of(const Json& row, const char* name) {
  auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>().substr(0, 1000) : std::string();
}

ResponseTimes times_of(const Json& row) {
  ResponseTimes times;
  for (const auto& pair : row.at("buckets")) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_integer() || !pair[1].is_number_integer()) {
      throw std::runtime_error("a bucket is not a pair of counts");
    }
    auto bucket = pair[0].get<std::int64_t>();
    auto count = pair[1].get<std::int64_t>();
    if (bucket < 0 || bucket >= most_buckets || count < 1 || count > most_requests) {
      throw std::runtime_error("a bucket is out of range");
    }
    times.add(bucket, count);
  }
  auto timed = count_of(row, "timed");
  if (times.count() != timed) throw std::runtime_error("the buckets do not add up to `timed`");
  if (timed > 0) {
    auto smallest = number_of(row, "min");
    auto largest = number_of(row, "max");
    if (smallest > largest) throw std::runtime_error("`min` is above `max`");
    times.set_extremes(number_of(row, "sum"), smallest, largest);
  }
  return times;
}

}  // namespace

void ResponseTimes::add(std::int64_t bucket, std::int64_t count) {
  buckets_[bucket] += count;
  count_ += count;
}

void ResponseTimes::set_extremes(double sum, double smallest, double largest) {
  sum_ = sum;
  smallest_ = smallest;
  largest_ = largest;
}

void ResponseTimes::merge(const ResponseTimes& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  for (const auto& [bucket, count] : other.buckets_) buckets_[bucket] += count;
  count_ += other.count_;
  sum_ += other.sum_;
  smallest_ = std::min(smallest_, other.smallest_);
  largest_ = std::max(largest_, other.largest_);
}

double ResponseTimes::percentile(double q) const {
  return ranked(
      std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(q * static_cast<double>(count_) - 1e-9))));
}

double ResponseTimes::ranked(std::int64_t rank) const {
  if (rank < 1 || rank > count_) return nothing;
  std::int64_t seen = 0;
  for (const auto& [bucket, count] : buckets_) {
    seen += count;
    if (seen >= rank) return std::clamp(upper_edge(bucket), smallest_, std::max(smallest_, largest_));
  }
  return largest_;
}

double ResponseTimes::mean() const {
  return count_ == 0 ? nothing : sum_ / static_cast<double>(count_);
}

void LoadReport::add(std::string_view bytes) {
  while (!bytes.empty() && damage.empty()) {
    auto end = bytes.find('\n');
    partial_ += bytes.substr(0, end);
    if (partial_.size() > longest_line) {
      damage = fmt::format("line {} is longer than {} bytes", lines_ + 1, longest_line);
      return;
    }
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    ++lines_;
    try {
      add_line(partial_);
    } catch (const std::exception& problem) {
      damage = fmt::format("line {}: {}", lines_, problem.what());
    }
    partial_.clear();
  }
}

void LoadReport::add_line(std::string_view line) {
  auto row = Json::parse(line, nullptr, false);
  if (!row.is_object()) throw std::runtime_error("not a JSON object");
  auto kind = text_of(row, "kind");
  if (kind == "second") {
    add_second(row);
  } else if (kind == "loaded") {
    if (count_of(row, "version") != 2) throw std::runtime_error("an unknown version");
    loaded = true;
  } else if (kind == "crash") {
    crash =
        LoadCrash{text_of(row, "error"), text_of(row, "file"), static_cast<int>(count_of(row, "line") & 0x7fffffff)};
  } else if (kind == "started") {
    if (begin) throw std::runtime_error("the load started twice");
    begin = number_of(row, "time");
  } else if (kind == "shape") {
    own_shape = true;
  } else if (kind == "damage") {
    damage = text_of(row, "words");
  } else if (kind == "worker") {
    const bool is_gone = row.value("lost", true);
    if (!lost) lost = LostWorker{text_of(row, "worker"), text_of(row, "words"), number_of(row, "elapsed"), is_gone};
  } else if (kind == "workers") {
    workers = JoinedWorkers{count_of(row, "joined"), count_of(row, "expected")};
  } else if (kind == "stopping") {
    length = number_of(row, "elapsed");
  } else if (kind == "final") {
    add_final(row);
  }
}

void LoadReport::add_second(const Json& row) {
  if (finished) throw std::runtime_error("a second after the final row");
  if (count_of(row, "second") != static_cast<std::int64_t>(seconds.size()))
    throw std::runtime_error("a second is missing");
  if (seconds.size() >= most_seconds) throw std::runtime_error("the load is too long");
  LoadSecond second;
  second.users = static_cast<int>(std::min<std::int64_t>(count_of(row, "users"), 1'000'000'000));
  if (row.contains("cpu")) second.cpu = number_of(row, "cpu");
  if (row.contains("waiting")) second.waiting = count_of(row, "waiting");
  if (row.contains("intended")) {
    second.intended = count_of(row, "intended");
    second.begun = count_of(row, "begun");
  }
  const auto index = static_cast<std::int64_t>(seconds.size());
  const bool is_steady = index >= warm_up_seconds_ && index < steady_until_;
  ResponseTimes times;
  for (const auto& each : row.at("endpoints")) add_endpoint(each, is_steady, second, times);
  second.p50 = times.percentile(0.5);
  second.p95 = times.percentile(0.95);
  second.p99 = times.percentile(0.99);
  requests += second.requests;
  failures += second.failures;
  exceptions = count_of(row, "exceptions");
  add_gone(row);
  if (is_steady) {
    steady.merge(times);
    steady_requests += second.requests;
    steady_failures += second.failures;
  }
  seconds.push_back(second);
}

void LoadReport::add_endpoint(const Json& row, bool is_steady, LoadSecond& second, ResponseTimes& times) {
  if (!row.is_object()) throw std::runtime_error("an endpoint is not an object");
  auto name = text_of(row, "name");
  auto found = endpoints.find(name);
  if (found == endpoints.end()) {
    if (endpoints.size() >= most_endpoints) throw std::runtime_error("too many endpoints");
    found = endpoints.emplace(name, LoadEndpoint()).first;
  }
  auto count = count_of(row, "requests");
  auto failed = count_of(row, "failures");
  auto its_times = times_of(row);
  if (failed > count || its_times.count() > count) throw std::runtime_error("more failures or times than requests");
  second.requests += count;
  second.failures += failed;
  times.merge(its_times);
  found->second.requests += count;
  found->second.failures += failed;
  if (!is_steady) return;
  found->second.steady.merge(its_times);
  found->second.steady_requests += count;
}

void LoadReport::add_gone(const Json& row) {
  const auto found = row.find("gone");
  if (found == row.end() || !found->is_object()) return;
  gone = {count_of(*found, "raised"), count_of(*found, "left"), text_of(*found, "error")};
}

void LoadReport::add_final(const Json& row) {
  if (count_of(row, "requests") != requests || count_of(row, "failures") != failures) {
    throw std::runtime_error("the final counts are not the sum of the seconds");
  }
  // The last second is told in part.
  if (length && *length > static_cast<double>(seconds.size()) + 1) {
    throw std::runtime_error("the load is longer than its seconds");
  }
  exceptions = count_of(row, "exceptions");
  if (row.contains("unanswered")) {
    unanswered = count_of(row, "unanswered");
    oldest = number_of(row, "oldest");
  }
  add_gone(row);
  scheduled_ = row.value("scheduled", true);
  for (const auto& error : row.at("errors")) {
    if (!error.is_array() || error.size() < 2 || !error[0].is_string() || !error[1].is_number_integer()) continue;
    const bool raised = error.size() > 2 && error[2] == true;
    if (errors.size() < 50)
      errors.push_back({error[0].get<std::string>().substr(0, 1000), error[1].get<std::int64_t>(), raised});
  }
  finished = true;
}

double LoadReport::steady_length() const {
  auto end = length.value_or(static_cast<double>(seconds.size()));
  if (steady_until_ < INT64_MAX) end = std::min(end, static_cast<double>(steady_until_));
  return std::max(0.0, end - static_cast<double>(warm_up_seconds_));
}

double LoadReport::steady_cpu() const {
  double most = 0;
  for (auto index = static_cast<std::size_t>(warm_up_seconds_); index < seconds.size(); ++index) {
    most = std::max(most, seconds[index].cpu);
  }
  return most;
}

double LoadReport::achieved() const {
  if (!scheduled_) return nothing;
  std::int64_t intended = 0, begun = 0;
  for (auto index = static_cast<std::size_t>(warm_up_seconds_); index < seconds.size(); ++index) {
    intended += seconds[index].intended;
    begun += seconds[index].begun;
  }
  return intended == 0 ? nothing : static_cast<double>(begun) / static_cast<double>(intended);
}

AnswerGap LoadReport::silence() const {
  const auto whole = length ? static_cast<std::int64_t>(*length) : INT64_MAX;
  const auto end = std::min({whole, steady_until_, static_cast<std::int64_t>(seconds.size())});
  AnswerGap longest, now;
  std::int64_t answered = 0;
  for (auto index = warm_up_seconds_; index < end; ++index) {
    const auto& second = seconds[static_cast<std::size_t>(index)];
    answered += second.requests;
    if (second.requests > 0 || second.users == 0 || second.waiting == 0) {
      now = {};
      continue;
    }
    if (now.seconds++ == 0) now.from = index;
    now.users = second.users;
    if (now.seconds > longest.seconds) longest = now;
  }
  const auto others = end - warm_up_seconds_ - longest.seconds;
  if (others > 0) longest.missed = static_cast<double>(answered * longest.seconds) / static_cast<double>(others);
  return longest;
}

LoadProgress progress_of(const LoadReport& report, Milliseconds duration) {
  LoadProgress progress;
  progress.duration = duration;
  progress.elapsed = std::min(duration, Milliseconds(1000 * static_cast<std::int64_t>(report.seconds.size())));
  progress.failures = report.failures;
  progress.p95 = nothing;
  if (!report.seconds.empty()) {
    const auto& last = report.seconds.back();
    progress.users = last.users;
    progress.requests_per_second = static_cast<double>(last.requests);
    progress.p95 = last.p95;
  }
  return progress;
}

std::string to_line(const LoadProgress& progress) {
  const auto which =
      progress.loads == 1 ? std::string() : fmt::format("load {} of {}: ", progress.load, progress.loads);
  return which + fmt::format("{} of {}: {} users, {}, {}, {} failed", human_duration(progress.elapsed),
                             human_duration(progress.duration), format_count(progress.users),
                             format_quantity(progress.requests_per_second, Unit::requests_per_second),
                             std::isnan(progress.p95) ? "no answers"
                                                      : "p95 " + format_quantity(progress.p95, Unit::milliseconds),
                             format_count(progress.failures));
}

std::string to_json(const LoadProgress& progress) {
  Json json{{"elapsed_ms", progress.elapsed.count()},
            {"duration_ms", progress.duration.count()},
            {"users", progress.users},
            {"requests_per_second", progress.requests_per_second},
            {"p95_ms", std::isnan(progress.p95) ? Json() : Json(progress.p95)},
            {"failures", progress.failures}};
  if (progress.loads > 1) {
    json["load"] = progress.load;
    json["loads"] = progress.loads;
  }
  return json_text(json);
}

}  // namespace quietgate
