#include "stages/metrics/prometheus_answers.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

namespace quietgate {

namespace {

using Json = nlohmann::json;

constexpr std::size_t most_words = 400;

// A shape that was not expected. Caught at the edge of this file.
struct Surprise {
  std::string what;
};

std::string shorten(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() > most_words) text = text.substr(0, most_words) + "...";
  return text;
}

const Json& field(const Json& object, const char* name) {
  if (!object.is_object()) throw Surprise{fmt::format("an object with `{}` was expected", name)};
  auto found = object.find(name);
  if (found == object.end()) throw Surprise{fmt::format("`{}` is missing", name)};
  return *found;
}

std::string text_of(const Json& object, const char* name, bool required = true) {
  if (!required && (!object.is_object() || !object.contains(name))) return {};
  const auto& value = field(object, name);
  if (!value.is_string()) throw Surprise{fmt::format("`{}` is no string", name)};
  return value.get<std::string>();
}

double number_of(const Json& object, const char* name, bool required = true) {
  if (!required && (!object.is_object() || !object.contains(name))) return 0;
  const auto& value = field(object, name);
  if (!value.is_number()) throw Surprise{fmt::format("`{}` is no number", name)};
  return value.get<double>();
}

const Json& list_of(const Json& object, const char* name) {
  const auto& value = field(object, name);
  if (!value.is_array()) throw Surprise{fmt::format("`{}` is no list", name)};
  return value;
}

Labels labels_of(const Json& object, const char* name) {
  Labels labels;
  const auto& map = field(object, name);
  if (!map.is_object()) throw Surprise{fmt::format("`{}` is no object", name)};
  for (const auto& [key, value] : map.items()) {
    if (!value.is_string()) throw Surprise{fmt::format("`{}.{}` is no string", name, key)};
    labels[key] = value.get<std::string>();
  }
  return labels;
}

double value_of(const std::string& text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Surprise{fmt::format("`{}` is no number", shorten(text))};
  }
  return value;
}

Sample sample_of(const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_string())
    throw Surprise{"a sample is not a pair of a time and a number"};
  return {pair[0].get<double>(), value_of(pair[1].get<std::string>())};
}

double time_field(const Json& object, const char* name) {
  auto time = read_time(text_of(object, name));
  if (!time) throw Surprise{fmt::format("`{}`: {}", name, time.error().message)};
  return *time;
}

// The `data` of a good answer.
Json open_envelope(std::string_view body) {
  auto answer = Json::parse(body, nullptr, false);
  if (answer.is_discarded()) throw Surprise{"the answer is no JSON: " + shorten(std::string(body.substr(0, 100)))};
  const auto status = text_of(answer, "status");
  if (status != "success") throw Surprise{read_failure(body)};
  if (auto warnings = answer.find("warnings"); warnings != answer.end() && !warnings->is_null()) {
    if (!warnings->is_array()) throw Surprise{"`warnings` is no list"};
    if (!warnings->empty()) {
      const auto& first = warnings->front();
      throw Surprise{"the answer came with a warning: " +
                     shorten(first.is_string() ? first.get<std::string>() : first.dump())};
    }
  }
  (void)field(answer, "data");
  return std::move(answer["data"]);
}

Series series_of(const Json& element, bool matrix) {
  Series series;
  series.labels = labels_of(element, "metric");
  if (element.contains("histogram") || element.contains("histograms"))
    throw Surprise{"the answer holds native histograms, which can't be judged as numbers"};
  if (!matrix) {
    series.samples.push_back(sample_of(field(element, "value")));
    return series;
  }
  for (const auto& pair : list_of(element, "values")) {
    auto sample = sample_of(pair);
    if (!series.samples.empty() && sample.time <= series.samples.back().time)
      throw Surprise{"the samples of a series are not in the order of their times"};
    series.samples.push_back(sample);
  }
  return series;
}

LoadedRule rule_of(const Json& json, const LoadedRule& group) {
  LoadedRule rule = group;
  rule.name = text_of(json, "name");
  const auto type = text_of(json, "type");
  if (type != "alerting" && type != "recording") throw Surprise{fmt::format("rule type `{}` is not known", type)};
  rule.alerting = type == "alerting";
  rule.query = text_of(json, "query");
  if (json.contains("labels") && !json["labels"].is_null()) rule.labels = labels_of(json, "labels");
  rule.health = text_of(json, "health");
  rule.last_error = text_of(json, "lastError", false);
  rule.last_evaluation = time_field(json, "lastEvaluation");
  if (!rule.alerting) return rule;
  rule.duration = number_of(json, "duration");
  rule.keep_firing_for = number_of(json, "keepFiringFor", false);
  if (json.contains("annotations") && !json["annotations"].is_null()) rule.annotations = labels_of(json, "annotations");
  rule.state = text_of(json, "state");
  if (rule.state != "inactive" && rule.state != "pending" && rule.state != "firing")
    throw Surprise{fmt::format("rule state `{}` is not known", rule.state)};
  for (const auto& alert : list_of(json, "alerts")) {
    rule.alerts.push_back({labels_of(alert, "labels"), text_of(alert, "state"), time_field(alert, "activeAt"),
                           value_of(text_of(alert, "value"))});
  }
  return rule;
}

template <class T, class F>
Result<T> reading(F read) {
  try {
    return read();
  } catch (const Surprise& surprise) {
    return infrastructure_error(surprise.what);
  } catch (const Json::exception& e) {
    return infrastructure_error(std::string("the answer was not understood: ") + e.what());
  }
}

}  // namespace

std::string read_failure(std::string_view body) {
  auto answer = Json::parse(body, nullptr, false);
  if (answer.is_object() && answer.contains("error") && answer["error"].is_string()) {
    auto words = shorten(answer["error"].get<std::string>());
    auto type = answer.find("errorType");
    return type != answer.end() && type->is_string() ? type->get<std::string>() + ": " + words : words;
  }
  return shorten(std::string(body.substr(0, body.find('\n'))));
}

Result<std::vector<Series>> read_series(std::string_view body) {
  return reading<std::vector<Series>>([body] {
    const auto data = open_envelope(body);
    const auto type = text_of(data, "resultType");
    const auto& result = field(data, "result");
    std::vector<Series> all;
    if (type == "scalar") {
      all.push_back({{}, {sample_of(result)}});
      return all;
    }
    if (type != "vector" && type != "matrix") throw Surprise{fmt::format("the query gives a {}, not numbers", type)};
    if (!result.is_array()) throw Surprise{"`result` is no list"};
    for (const auto& element : result) all.push_back(series_of(element, type == "matrix"));
    return all;
  });
}

Result<RuntimeInformation> read_runtime(std::string_view body) {
  return reading<RuntimeInformation>([body] {
    const auto data = open_envelope(body);
    RuntimeInformation info;
    info.start_time = time_field(data, "startTime");
    info.last_config_time = time_field(data, "lastConfigTime");
    const auto& reload = field(data, "reloadConfigSuccess");
    if (!reload.is_boolean()) throw Surprise{"`reloadConfigSuccess` is no truth value"};
    info.reload_config_success = reload.get<bool>();
    return info;
  });
}

Result<std::vector<LoadedRule>> read_rules(std::string_view body) {
  return reading<std::vector<LoadedRule>>([body] {
    const auto data = open_envelope(body);
    if (!text_of(data, "groupNextToken", false).empty())
      throw Surprise{"the server answered only a part of its rule groups"};
    std::vector<LoadedRule> all;
    for (const auto& json : list_of(data, "groups")) {
      LoadedRule group;
      group.group = text_of(json, "name");
      group.file = text_of(json, "file", false);
      group.interval = number_of(json, "interval");
      group.limit = static_cast<int>(number_of(json, "limit", false));
      for (const auto& rule : list_of(json, "rules")) all.push_back(rule_of(rule, group));
    }
    return all;
  });
}

Result<std::vector<ScrapeTarget>> read_targets(std::string_view body) {
  return reading<std::vector<ScrapeTarget>>([body] {
    const auto data = open_envelope(body);
    std::vector<ScrapeTarget> all;
    for (const auto& json : list_of(data, "activeTargets")) {
      const auto labels = labels_of(json, "labels");
      ScrapeTarget target;
      if (auto job = labels.find("job"); job != labels.end()) target.job = job->second;
      if (auto instance = labels.find("instance"); instance != labels.end()) target.instance = instance->second;
      target.health = text_of(json, "health");
      target.last_error = text_of(json, "lastError", false);
      target.last_scrape = time_field(json, "lastScrape");
      if (auto text = text_of(json, "scrapeInterval", false); !text.empty()) {
        auto interval = read_duration(text);
        if (!interval) throw Surprise{interval.error().message};
        target.scrape_interval = *interval;
      }
      all.push_back(std::move(target));
    }
    return all;
  });
}

Result<std::string> read_text(std::string_view body) {
  return reading<std::string>([body] {
    const auto data = open_envelope(body);
    if (!data.is_string()) throw Surprise{"a string was expected"};
    return data.get<std::string>();
  });
}

Result<bool> read_has_metadata(std::string_view body) {
  return reading<bool>([body] {
    const auto data = open_envelope(body);
    if (!data.is_object()) throw Surprise{"an object was expected"};
    return !data.empty();
  });
}

Result<double> read_time(const std::string& text) {
  const auto wrong = infrastructure_error(fmt::format("`{}` is no time", shorten(text)));
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%n", &year, &month, &day, &hour, &minute, &used) != 5 || used == 0)
    return wrong;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data() + used, end, second, std::chars_format::fixed);
  if (error != std::errc{} || second < 0 || second >= 61) return wrong;
  double offset = 0;
  if (rest == end) return wrong;
  if (*rest == '+' || *rest == '-') {
    int hours = 0, minutes = 0;
    if (std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2 || end - rest != 6) return wrong;
    offset = (*rest == '-' ? -1 : 1) * (hours * 3600.0 + minutes * 60.0);
  } else if (*rest != 'Z' || end - rest != 1) {
    return wrong;
  }
  if (year <= 1) return 0.0;  // Go's zero time: never
  const auto date = std::chrono::year{year} / month / day;
  if (!date.ok()) return wrong;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86'400.0 + hour * 3600.0 + minute * 60.0 + second - offset;
}

Result<double> read_duration(const std::string& text) {
  const auto wrong = infrastructure_error(fmt::format("`{}` is no duration", shorten(text)));
  static constexpr std::pair<std::string_view, double> units[] = {
      {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}, {"w", 604'800}, {"y", 365 * 86'400.0}};
  double seconds = 0;
  std::size_t at = 0;
  if (text == "0") return 0.0;
  if (text.empty()) return wrong;
  while (at < text.size()) {
    std::uint64_t count = 0;
    auto [rest, error] = std::from_chars(text.data() + at, text.data() + text.size(), count);
    if (error != std::errc{}) return wrong;
    at = static_cast<std::size_t>(rest - text.data());
    auto letters = text.find_first_not_of("mshdwy", at);
    const auto unit = std::string_view(text).substr(at, letters == std::string::npos ? letters : letters - at);
    const auto* found = std::begin(units);
    while (found != std::end(units) && found->first != unit) ++found;
    if (found == std::end(units)) return wrong;
    seconds += static_cast<double>(count) * found->second;
    at += unit.size();
  }
  return seconds;
}

}  // namespace quietgate
