#include "stages/prometheus/prometheus_answers.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "stages/prometheus/json_document.h"

namespace quietgate {

namespace {

using Json = JsonView;

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

Json field(Json object, std::string_view name) {
  if (!object.is(Json::Kind::object)) throw Surprise{fmt::format("an object with `{}` was expected", name)};
  auto found = object.find(name);
  if (!found) throw Surprise{fmt::format("`{}` is missing", name)};
  return *found;
}

std::string text_of(Json value, std::string_view name) {
  if (!value.is(Json::Kind::string)) throw Surprise{fmt::format("`{}` is no string", name)};
  return std::string(value.text());
}
std::string text_in(Json object, std::string_view name) {
  return text_of(field(object, name), name);
}
std::string optional_text_in(Json object, std::string_view name) {
  const auto value = object.find(name);
  return value ? text_of(*value, name) : std::string();
}

double number_of(Json value, std::string_view name) {
  if (!value.is(Json::Kind::number)) throw Surprise{fmt::format("`{}` is no number", name)};
  return value.number();
}
double number_in(Json object, std::string_view name) {
  return number_of(field(object, name), name);
}
double optional_number_in(Json object, std::string_view name) {
  const auto value = object.find(name);
  return value ? number_of(*value, name) : 0;
}

Json list_in(Json object, std::string_view name) {
  const auto value = field(object, name);
  if (!value.is(Json::Kind::array)) throw Surprise{fmt::format("`{}` is no list", name)};
  return value;
}

Labels labels_of(Json map, std::string_view name) {
  if (!map.is(Json::Kind::object)) throw Surprise{fmt::format("`{}` is no object", name)};
  Labels labels;
  std::set<std::string_view> wrong;
  for (const auto member : map) {
    const auto key = member.key();
    labels.insert_or_assign(std::string(key), std::string(member.text()));
    if (!member.is(Json::Kind::string)) {
      wrong.insert(key);
    } else if (!wrong.empty()) {
      wrong.erase(key);  // of several with one name the last counts
    }
  }
  if (!wrong.empty()) throw Surprise{fmt::format("`{}.{}` is no string", name, *wrong.begin())};
  return labels;
}
Labels labels_in(Json object, std::string_view name) {
  return labels_of(field(object, name), name);
}
Labels optional_labels_in(Json object, std::string_view name) {
  const auto value = object.find(name);
  return value && !value->is(Json::Kind::null) ? labels_of(*value, name) : Labels();
}

double value_of(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Surprise{fmt::format("`{}` is no number", shorten(std::string(text)))};
  }
  return value;
}

Sample sample_of(Json pair) {
  const auto expect = [](bool is_so) {
    if (!is_so) throw Surprise{"a sample is not a pair of a time and a number"};
  };
  expect(pair.is(Json::Kind::array));
  auto at = pair.begin();
  expect(at != pair.end() && (*at).is(Json::Kind::number));
  const double time = (*at).number();
  expect(++at != pair.end() && (*at).is(Json::Kind::string));
  const auto value = (*at).text();
  expect(++at == pair.end());
  return {time, value_of(value)};
}

double time_in(Json object, std::string_view name) {
  auto time = read_time(text_in(object, name));
  if (!time) throw Surprise{fmt::format("`{}`: {}", name, time.error().message)};
  return *time;
}

// An element of `warnings` as people are told it.
std::string warning_in(std::string_view body) {
  const auto first = nlohmann::json::parse(body)["warnings"].front();
  return shorten(first.is_string() ? first.get<std::string>() : first.dump());
}

// An answer that was good, and its `data`.
class Envelope {
 public:
  explicit Envelope(std::string_view body) : answer_(JsonDocument::parse(body)) {
    if (!answer_) throw Surprise{"the answer is no JSON: " + shorten(std::string(body.substr(0, 100)))};
    const auto root = answer_->root();
    if (text_in(root, "status") != "success") throw Surprise{read_failure(body)};
    if (const auto warnings = root.find("warnings"); warnings && !warnings->is(Json::Kind::null)) {
      if (!warnings->is(Json::Kind::array)) throw Surprise{"`warnings` is no list"};
      if (!warnings->empty()) throw Surprise{"the answer came with a warning: " + warning_in(body)};
    }
    (void)field(root, "data");
  }
  Json data() const { return field(answer_->root(), "data"); }

 private:
  std::optional<JsonDocument> answer_;
};

Series series_of(Json element, bool matrix) {
  Series series;
  series.labels = labels_in(element, "metric");
  if (element.find("histogram") || element.find("histograms"))
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
  auto answer = nlohmann::json::parse(body, nullptr, false);
  if (answer.is_object() && answer.contains("error") && answer["error"].is_string()) {
    auto words = shorten(answer["error"].get<std::string>());
    auto type = answer.find("errorType");
    return type != answer.end() && type->is_string() ? type->get<std::string>() + ": " + words : words;
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
    if (!result.is(Json::Kind::array)) throw Surprise{"`result` is no list"};
    for (const auto element : result) all.push_back(series_of(element, type == "matrix"));
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
    const auto reload = field(data, "reloadConfigSuccess");
    if (!reload.is(Json::Kind::boolean)) throw Surprise{"`reloadConfigSuccess` is no truth value"};
    info.reload_config_success = reload.truth();
    return info;
  });
}

Result<std::vector<LoadedRule>> read_rules(std::string_view body) {
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
    const auto data = answer.data();
    if (!data.is(Json::Kind::string)) throw Surprise{"a string was expected"};
    return std::string(data.text());
  });
}

Result<bool> read_has_metadata(std::string_view body) {
  return reading<bool>([body] {
    const Envelope answer(body);
    const auto data = answer.data();
    if (!data.is(Json::Kind::object)) throw Surprise{"an object was expected"};
    return !data.empty();
  });
}

}  // namespace quietgate
