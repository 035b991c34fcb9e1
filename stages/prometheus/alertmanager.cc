#include "stages/prometheus/alertmanager.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "stages/prometheus/prometheus_times.h"

namespace quietgate {

namespace {

using AlertJson = nlohmann::json;

constexpr Milliseconds patience{5'000};
constexpr std::size_t longest_pattern = 500;
constexpr std::size_t longest_value = 500;

std::string json_text_of(const AlertJson& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool flag_of(const AlertJson& object, const char* name, bool otherwise) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::vector<std::string> texts_of(const AlertJson& object, const char* name) {
  std::vector<std::string> all;
  const auto found = object.find(name);
  if (found == object.end() || !found->is_array()) return all;
  for (const auto& item : *found) {
    if (item.is_string()) all.push_back(item.get<std::string>());
  }
  return all;
}

// A list of objects, or why it is none.
Result<AlertJson> list_in(const std::string& body) {
  auto json = AlertJson::parse(body, nullptr, false);
  const bool good =
      json.is_array() && std::all_of(json.begin(), json.end(), [](const AlertJson& j) { return j.is_object(); });
  if (!good) return infrastructure_error("the answer is not what API v2 of Alertmanager gives");
  return json;
}

bool matches(const SilenceMatcher& matcher, const std::string& value) {
  if (!matcher.is_regex) return (value == matcher.value) == matcher.is_equal;
  // Patterns of others: std::regex takes long for long ones.
  if (matcher.value.size() > longest_pattern || value.size() > longest_value) return false;
  try {
    return std::regex_match(value, std::regex(matcher.value)) == matcher.is_equal;
  } catch (const std::regex_error&) {
    return false;
  }
}

Task<Result<std::string>> get(Http& http, std::string url, Stop& stop) {
  HttpRequest request;
  request.url = url;
  request.deadline = patience;
  auto answer = co_await http.send(std::move(request), stop);
  if (!answer) co_return answer.error();
  if (answer->status == 200) co_return std::move(answer->body);
  co_return infrastructure_error(fmt::format("{} answered {}", url, answer->status));
}

}  // namespace

Result<std::vector<Silence>> read_silences(const std::string& body) {
  auto list = list_in(body);
  if (!list) return list.error();
  std::vector<Silence> all;
  for (const auto& item : *list) {
    const auto status = item.find("status");
    if (status == item.end() || !status->is_object() || json_text_of(*status, "state") != "active") continue;
    Silence silence;
    silence.id = json_text_of(item, "id");
    silence.comment = json_text_of(item, "comment");
    silence.created_by = json_text_of(item, "createdBy");
    auto end = read_time(json_text_of(item, "endsAt"));
    if (end) silence.ends_at = *end;
    const auto matchers = item.find("matchers");
    if (matchers == item.end() || !matchers->is_array())
      return infrastructure_error("silence " + silence.id + " has no matchers");
    for (const auto& matcher : *matchers) {
      if (!matcher.is_object()) return infrastructure_error("silence " + silence.id + " has a broken matcher");
      silence.matchers.push_back({json_text_of(matcher, "name"), json_text_of(matcher, "value"),
                                  flag_of(matcher, "isRegex", false), flag_of(matcher, "isEqual", true)});
    }
    all.push_back(std::move(silence));
  }
  return all;
}

Result<std::vector<HeldAlert>> read_held_alerts(const std::string& body) {
  auto list = list_in(body);
  if (!list) return list.error();
  std::vector<HeldAlert> all;
  for (const auto& item : *list) {
    const auto status = item.find("status");
    if (status == item.end() || !status->is_object()) continue;
    HeldAlert alert;
    alert.silenced_by = texts_of(*status, "silencedBy");
    alert.inhibited_by = texts_of(*status, "inhibitedBy");
    if (alert.silenced_by.empty() && alert.inhibited_by.empty()) continue;
    const auto labels = item.find("labels");
    if (labels == item.end() || !labels->is_object()) continue;
    for (const auto& [name, value] : labels->items()) {
      if (value.is_string()) alert.labels[name] = value.get<std::string>();
    }
    all.push_back(std::move(alert));
  }
  return all;
}

bool silences(const Silence& silence, const Labels& labels) {
  return !silence.matchers.empty() &&
         std::all_of(silence.matchers.begin(), silence.matchers.end(), [&labels](const SilenceMatcher& matcher) {
           const auto found = labels.find(matcher.name);
           return matches(matcher, found == labels.end() ? std::string() : found->second);
         });
}

bool may_silence(const Silence& silence, const Labels& labels) {
  return !silence.matchers.empty() &&
         std::all_of(silence.matchers.begin(), silence.matchers.end(), [&labels](const SilenceMatcher& matcher) {
           const auto found = labels.find(matcher.name);
           return found == labels.end() || matches(matcher, found->second);
         });
}

Task<Result<Muting>> ask_muting(Http& http, std::string base_url, Stop& stop) {
  while (base_url.ends_with('/')) base_url.pop_back();
  const auto silences_url = base_url + "/api/v2/silences";
  auto body = co_await get(http, silences_url, stop);
  if (!body) co_return body.error();
  Muting muting;
  auto all = read_silences(*body);
  if (!all) co_return infrastructure_error(silences_url + ": " + all.error().message);
  muting.silences = std::move(*all);
  const auto alerts_url = base_url + "/api/v2/alerts";
  body = co_await get(http, alerts_url, stop);
  if (!body) co_return body.error();
  auto held = read_held_alerts(*body);
  if (!held) co_return infrastructure_error(alerts_url + ": " + held.error().message);
  muting.alerts = std::move(*held);
  co_return muting;
}

}  // namespace quietgate
