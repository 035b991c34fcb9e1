#include "stages/load/request_lines.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "runner/base/calendar.h"
#include "runner/base/json.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

constexpr std::size_t longest_request_line = 64 * 1024;
constexpr std::int64_t open_seconds = 3;
constexpr std::int64_t beyond_duration = 600;  // a source is ended a minute after it
constexpr std::size_t most_endpoints_in_lines = 100;
constexpr std::size_t longest_name = 300;

double number_at(const Json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number())
    throw std::runtime_error(std::string("`") + name + "` is not a number");
  auto value = found->get<double>();
  if (!std::isfinite(value)) throw std::runtime_error(std::string("`") + name + "` is not a number");
  return value;
}

std::string text_at(const Json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::int64_t bucket_of(double milliseconds) {
  auto value = static_cast<std::int64_t>(std::clamp(milliseconds, 0.0, 1e9) * 1000);
  if (value < 512) return value;
  int exponent = 0;
  while ((value >> exponent) >= 512) ++exponent;
  return (std::int64_t{exponent} << 8) + (value >> exponent);
}

RequestLines::RequestLines(Format format, Milliseconds duration)
    : format_(format), most_seconds_(duration.count() / 1000 + beyond_duration) {}

std::string RequestLines::add(std::string_view bytes) {
  std::string rows;
  while (!bytes.empty() && !broken_) {
    auto end = bytes.find('\n');
    partial_ += bytes.substr(0, end);
    if (partial_.size() > longest_request_line) {
      broken_ = true;
      damage("longer than 64 KiB", rows);
      break;
    }
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    ++lines_;
    if (!partial_.empty()) line(partial_, rows);
    partial_.clear();
  }
  return rows;
}

void RequestLines::line(std::string_view text, std::string& rows) {
  try {
    auto point = Json::parse(text, nullptr, false);
    if (!point.is_object()) throw std::runtime_error("not a JSON object");
    if (format_ == Format::k6) {
      k6_point(point, rows);
      return;
    }
    auto ok = point.find("ok");
    if (ok == point.end() || !ok->is_boolean()) throw std::runtime_error("`ok` is not true or false");
    auto name = text_at(point, "name");
    if (name.empty()) throw std::runtime_error("it has no `name`");
    request(number_at(point, "t"), std::move(name), number_at(point, "ms"), ok->get<bool>(), rows);
  } catch (const std::exception& problem) {
    damage(std::string("no request: ") + problem.what(), rows);
  }
}

void RequestLines::damage(const std::string& words, std::string& rows) {
  broken_ = true;
  rows += json_text(Json{{"kind", "damage"},
                         {"words", "line " + std::to_string(std::max<std::int64_t>(lines_, 1)) + " is " + words}}) +
          "\n";
}

void RequestLines::k6_point(const Json& point, std::string& rows) {
  if (text_at(point, "type") != "Point") return;
  const auto metric = text_at(point, "metric");
  if (metric != "http_req_duration" && metric != "vus" && metric != "iterations" && metric != "dropped_iterations") {
    return;
  }
  const auto& data = point.at("data");
  auto time = parse_rfc3339(text_at(data, "time"));
  if (!time || *time < 0) throw std::runtime_error("`time` is not a time");
  const double value = number_at(data, "value");
  if (metric == "vus") {
    users_ = static_cast<int>(std::clamp(value, 0.0, 1e9));
    return;
  }
  if (metric != "http_req_duration") {
    if (!begin_) return;
    auto& second = at(*time);
    (metric == "iterations" ? second.begun : second.dropped) += static_cast<std::int64_t>(std::clamp(value, 0.0, 1e9));
    iterated_ = true;
    scheduled_ = scheduled_ || metric == "dropped_iterations";
    return;
  }
  const auto tags = data.value("tags", Json::object());
  const auto method = text_at(tags, "method"), name = text_at(tags, "name"),
             expected = text_at(tags, "expected_response");
  const auto status = text_at(tags, "status");
  const bool ok = expected.empty() ? !status.empty() && status[0] >= '1' && status[0] <= '3' : expected == "true";
  request(*time, method + " " + name, value, ok, rows);
}

RequestLines::Second& RequestLines::at(double time) {
  const auto index = static_cast<std::int64_t>(std::floor(std::max(0.0, time - *begin_)));
  if (index > most_seconds_) {
    throw std::runtime_error("its time is " + std::to_string(index) + " s after the load's begin");
  }
  return seconds_[std::max(index, written_)];
}

void RequestLines::request(double time, std::string name, double milliseconds, bool ok, std::string& rows) {
  if (milliseconds < 0 || milliseconds > 1e9 || time < 0 || time > 1e11)
    throw std::runtime_error("`t` or `ms` is out of range");
  if (!begin_) {
    begin_ = time - milliseconds / 1000;
    newest_ = time;
    rows += R"({"kind":"loaded","version":2})"
            "\n";
    rows += json_text(Json{{"kind", "started"}, {"time", *begin_}}) + "\n";
  }
  auto& second = at(time);
  newest_ = std::max(newest_, time);
  name.resize(std::min(name.size(), longest_name));
  if (!names_.contains(name)) {
    if (names_.size() < most_endpoints_in_lines) {
      names_.insert(name);
    } else {
      name = "(others)";
    }
  }
  auto& endpoint = second.endpoints[name];
  endpoint.least = endpoint.requests == 0 ? milliseconds : std::min(endpoint.least, milliseconds);
  endpoint.most = std::max(endpoint.most, milliseconds);
  endpoint.sum += milliseconds;
  ++endpoint.buckets[bucket_of(milliseconds)];
  ++endpoint.requests;
  ++requests_;
  if (!ok) {
    ++endpoint.failures;
    ++failures_;
  }
  write_until(static_cast<std::int64_t>(newest_ - *begin_) - open_seconds, rows);
}

void RequestLines::write_until(std::int64_t until, std::string& rows) {
  for (; written_ < until; ++written_) {
    const auto found = seconds_.find(written_);
    Json endpoints = Json::array();
    Json row{{"kind", "second"}, {"second", written_}, {"users", users_}, {"exceptions", 0}};
    if (found != seconds_.end()) {
      for (const auto& [name, each] : found->second.endpoints) {
        Json buckets = Json::array();
        for (const auto& [bucket, count] : each.buckets) buckets.push_back({bucket, count});
        endpoints.push_back({{"name", name},
                             {"requests", each.requests},
                             {"failures", each.failures},
                             {"timed", each.requests},
                             {"sum", each.sum},
                             {"min", each.least},
                             {"max", each.most},
                             {"buckets", std::move(buckets)}});
      }
      if (iterated_) {
        row["begun"] = found->second.begun;
        row["intended"] = found->second.begun + found->second.dropped;
      }
      seconds_.erase(found);
    }
    row["endpoints"] = std::move(endpoints);
    rows += json_text(row) + "\n";
  }
}

std::string RequestLines::finish(bool in_order) {
  std::string rows;
  if (in_order && !broken_ && !partial_.empty()) {
    ++lines_;
    line(std::exchange(partial_, {}), rows);
  }
  if (broken_ || !begin_) return rows;
  const double length = newest_ - *begin_;
  const auto last = seconds_.empty() ? written_ : seconds_.rbegin()->first + 1;
  write_until(std::max<std::int64_t>(last, 1), rows);
  rows += json_text(Json{{"kind", "stopping"}, {"elapsed", length}}) + "\n";
  rows += json_text(Json{{"kind", "final"},
                         {"requests", requests_},
                         {"failures", failures_},
                         {"exceptions", 0},
                         {"scheduled", scheduled_},
                         {"errors", Json::array()}}) +
          "\n";
  return rows;
}

}  // namespace quietgate
