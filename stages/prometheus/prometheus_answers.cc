#include "stages/prometheus/prometheus_answers.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "stages/prometheus/prometheus_times.h"

namespace quietgate {

namespace {

namespace dom = simdjson::dom;
using Json = dom::element;

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

// Of several members with one name the last counts, as it does in nlohmann::json.
std::optional<Json> find(Json object, std::string_view name) {
  std::optional<Json> found;
  dom::object members;
  if (object.get(members) != simdjson::SUCCESS) return found;
  for (const auto [key, value] : members) {
    if (key == name) found = value;
  }
  return found;
}

Json field(Json object, std::string_view name) {
  if (!object.is_object()) throw Surprise{fmt::format("an object with `{}` was expected", name)};
  auto found = find(object, name);
  if (!found) throw Surprise{fmt::format("`{}` is missing", name)};
  return *found;
}

std::string text_of(Json value, std::string_view name) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw Surprise{fmt::format("`{}` is not a string", name)};
  return std::string(text);
}
std::string text_in(Json object, std::string_view name) {
  return text_of(field(object, name), name);
}
std::string optional_text_in(Json object, std::string_view name) {
  const auto value = find(object, name);
  return value ? text_of(*value, name) : std::string();
}

double number_of(Json value, std::string_view name) {
  double number = 0;
  if (value.get(number) != simdjson::SUCCESS) throw Surprise{fmt::format("`{}` is not a number", name)};
  return number;
}
double number_in(Json object, std::string_view name) {
  return number_of(field(object, name), name);
}
double optional_number_in(Json object, std::string_view name) {
  const auto value = find(object, name);
  return value ? number_of(*value, name) : 0;
}

dom::array list_in(Json object, std::string_view name) {
  dom::array list;
  if (field(object, name).get(list) != simdjson::SUCCESS) throw Surprise{fmt::format("`{}` is not a list", name)};
  return list;
}

Labels labels_of(Json map, std::string_view name) {
  dom::object members;
  if (map.get(members) != simdjson::SUCCESS) throw Surprise{fmt::format("`{}` is not an object", name)};
  Labels labels;
  std::set<std::string_view> wrong;
  for (const auto [key, value] : members) {
    std::string_view text;
    const bool is_text = value.get(text) == simdjson::SUCCESS;
    labels.insert_or_assign(std::string(key), std::string(text));
    if (!is_text) {
      wrong.insert(key);
    } else if (!wrong.empty()) {
      wrong.erase(key);  // of several with one name the last counts
    }
  }
  if (!wrong.empty()) throw Surprise{fmt::format("`{}.{}` is not a string", name, *wrong.begin())};
  return labels;
}
Labels labels_in(Json object, std::string_view name) {
  return labels_of(field(object, name), name);
}
Labels optional_labels_in(Json object, std::string_view name) {
  const auto value = find(object, name);
  return value && !value->is_null() ? labels_of(*value, name) : Labels();
}

double value_of(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Surprise{fmt::format("`{}` is not a number", shorten(std::string(text)))};
  }
  return value;
}

Sample sample_of(Json pair) {
  const auto expect = [](bool is_so) {
    if (!is_so) throw Surprise{"a sample is not a pair of a time and a number"};
  };
  dom::array both;
  expect(pair.get(both) == simdjson::SUCCESS);
  auto at = both.begin();
  double time = 0;
  expect(at != both.end() && (*at).get(time) == simdjson::SUCCESS);
  std::string_view value;
  expect(++at != both.end() && (*at).get(value) == simdjson::SUCCESS);
  expect(!(++at != both.end()));
  return {time, value_of(value)};
}

double time_in(Json object, std::string_view name) {
  auto time = read_time(text_in(object, name));
  if (!time) throw Surprise{fmt::format("`{}`: {}", name, time.error().message)};
  return *time;
}

std::string failure_in(Json answer) {
  auto words = shorten(text_in(answer, "error"));
  const auto type = find(answer, "errorType");
  return type && type->is_string() ? text_of(*type, "errorType") + ": " + words : words;
}

// An answer that was good, and its `data`.
class Envelope {
 public:
  explicit Envelope(std::string_view body) {
    Json root;
    if (parser_.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS)
      throw Surprise{"the answer is not JSON: " + shorten(std::string(body.substr(0, 100)))};
    if (text_in(root, "status") != "success") throw Surprise{read_failure(body)};
    if (const auto warnings = find(root, "warnings"); warnings && !warnings->is_null()) {
      dom::array list;
      if (warnings->get(list) != simdjson::SUCCESS) throw Surprise{"`warnings` is not a list"};
      for (const auto first : list)
        throw Surprise{"the answer came with a warning: " +
                       shorten(first.is_string() ? text_of(first, "warnings") : simdjson::minify(first))};
    }
    data_ = field(root, "data");
  }
  Json data() const { return data_; }

 private:
  dom::parser parser_;  // owns what `data_` refers to
  Json data_;
};

Series series_of(Json element, bool matrix) {
  Series series;
  series.labels = labels_in(element, "metric");
  if (find(element, "histogram") || find(element, "histograms"))
    throw Surprise{"the answer holds native histograms, which can't be judged as numbers"};
  if (!matrix) {
    series.samples.push_back(sample_of(field(element, "value")));
    return series;
  }
  for (const auto pair : list_in(element, "values")) {
    auto sample = sample_of(pair);
    if (!series.samples.empty() && sample.time <= series.samples.back().time)
      throw Surprise{"the samples of a series are not in the order of their times"};
    series.samples.push_back(sample);
  }
  return series;
}

int limit_in(Json group) {
  const double limit = optional_number_in(group, "limit");
  // What no `int` holds would be anything at all.
  if (!(std::abs(limit) <= std::numeric_limits<int>::max())) throw Surprise{"`limit` is out of range"};
  return static_cast<int>(limit);
}

LoadedRule rule_of(Json json, const LoadedRule& group) {
  LoadedRule rule = group;
  rule.name = text_in(json, "name");
  const auto type = text_in(json, "type");
  if (type != "alerting" && type != "recording") throw Surprise{fmt::format("rule type `{}` is not known", type)};
  rule.alerting = type == "alerting";
  rule.query = text_in(json, "query");
  rule.labels = optional_labels_in(json, "labels");
  rule.health = text_in(json, "health");
  rule.last_error = optional_text_in(json, "lastError");
  rule.last_evaluation = time_in(json, "lastEvaluation");
  if (!rule.alerting) return rule;
  rule.duration = number_in(json, "duration");
  rule.keep_firing_for = optional_number_in(json, "keepFiringFor");
  rule.annotations = optional_labels_in(json, "annotations");
  rule.state = text_in(json, "state");
  if (rule.state != "inactive" && rule.state != "pending" && rule.state != "firing")
    throw Surprise{fmt::format("rule state `{}` is not known", rule.state)};
  for (const auto alert : list_in(json, "alerts")) {
    rule.alerts.push_back({labels_in(alert, "labels"), text_in(alert, "state"), time_in(alert, "activeAt"),
                           value_of(text_in(alert, "value"))});
  }
  return rule;
}

template <class T, class F>
Result<T> reading(F read) {
  try {
    return read();
  } catch (const Surprise& surprise) {
    return with_cause(failure_cause(surprise.what), infrastructure_error(surprise.what));
  }
}

}  // namespace

std::string read_failure(std::string_view body) {
  dom::parser parser;
  Json answer;
  if (parser.parse(body.data(), body.size()).get(answer) == simdjson::SUCCESS) {
    if (const auto error = find(answer, "error"); error && error->is_string()) return failure_in(answer);
  }
  return shorten(std::string(body.substr(0, body.find('\n'))));
}

ErrorCause failure_cause(std::string_view words) {
  const auto holds = [words](const char* part) { return words.find(part) != std::string_view::npos; };
  if (holds("too many samples") || holds("exceeded maximum resolution") || holds("timed out"))
    return ErrorCause::too_much;
  return holds("parse error") ? ErrorCause::not_understood : ErrorCause::other;
}

Result<std::vector<Series>> read_series(std::string_view body) {
  return reading<std::vector<Series>>([body] {
    const Envelope answer(body);
    const auto data = answer.data();
    const auto type = text_in(data, "resultType");
    const auto result = field(data, "result");
    std::vector<Series> all;
    if (type == "scalar") {
      all.push_back({{}, {sample_of(result)}});
      return all;
    }
    if (type != "vector" && type != "matrix") throw Surprise{fmt::format("the query gives a {}, not numbers", type)};
    for (const auto element : list_in(data, "result")) all.push_back(series_of(element, type == "matrix"));
    return all;
  });
}

Result<RuntimeInformation> read_runtime(std::string_view body) {
  return reading<RuntimeInformation>([body] {
    const Envelope answer(body);
    const auto data = answer.data();
    RuntimeInformation info;
    info.start_time = time_in(data, "startTime");
    info.last_config_time = time_in(data, "lastConfigTime");
    if (field(data, "reloadConfigSuccess").get(info.reload_config_success) != simdjson::SUCCESS)
      throw Surprise{"`reloadConfigSuccess` is not true or false"};
    return info;
  });
}

Result<std::vector<LoadedRule>> read_loaded_rules(std::string_view body) {
  return reading<std::vector<LoadedRule>>([body] {
    const Envelope answer(body);
    const auto data = answer.data();
    if (!optional_text_in(data, "groupNextToken").empty())
      throw Surprise{"the server answered only a part of its rule groups"};
    std::vector<LoadedRule> all;
    for (const auto json : list_in(data, "groups")) {
      LoadedRule group;
      group.group = text_in(json, "name");
      group.file = optional_text_in(json, "file");
      group.interval = number_in(json, "interval");
      group.limit = limit_in(json);
      for (const auto rule : list_in(json, "rules")) all.push_back(rule_of(rule, group));
    }
    return all;
  });
}

Result<std::vector<ScrapeTarget>> read_targets(std::string_view body) {
  return reading<std::vector<ScrapeTarget>>([body] {
    const Envelope answer(body);
    const auto data = answer.data();
    std::vector<ScrapeTarget> all;
    for (const auto json : list_in(data, "activeTargets")) {
      const auto labels = labels_in(json, "labels");
      ScrapeTarget target;
      if (auto job = labels.find("job"); job != labels.end()) target.job = job->second;
      if (auto instance = labels.find("instance"); instance != labels.end()) target.instance = instance->second;
      target.health = text_in(json, "health");
      target.last_error = optional_text_in(json, "lastError");
      target.last_scrape = time_in(json, "lastScrape");
      if (auto text = optional_text_in(json, "scrapeInterval"); !text.empty()) {
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
    const Envelope answer(body);
    std::string_view text;
    if (answer.data().get(text) != simdjson::SUCCESS) throw Surprise{"a string was expected"};
    return std::string(text);
  });
}

Result<bool> read_has_metadata(std::string_view body) {
  return reading<bool>([body] {
    const Envelope answer(body);
    dom::object members;
    if (answer.data().get(members) != simdjson::SUCCESS) throw Surprise{"an object was expected"};
    return members.size() > 0;
  });
}

}  // namespace quietgate
