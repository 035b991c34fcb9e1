// A Prometheus in memory with one healthy rule group, whose answers the test replaces one by one.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "runner/ports/clock.h"
#include "runner/ports/http.h"

namespace quietgate {

class GatePrometheus final : public Http {
 public:
  explicit GatePrometheus(Clock& clock) : clock_(clock), start_(seconds() - 100) {}

  static constexpr const char* rules_file =
      "groups:\n  - name: g\n    interval: 1s\n    rules:\n"
      "      - {alert: HighErrors, expr: errors  >  5, for: 1s, labels: {layer: application}}\n"
      "      - {record: 'gate:heartbeat', expr: vector(time()), labels: {gate_group: g}}\n";

  // By path, or by the query of /api/v1/query: what is answered instead.
  std::map<std::string, std::function<Result<HttpResponse>()>> instead;
  std::string alerts;                  // of HighErrors, as JSON
  std::function<void()> before_rules;  // called before the rules are answered
  int asked = 0;

  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override {
    stop.throw_if_requested();
    ++asked;
    const auto path = request.url.substr(request.url.find('/', 8));
    if (before_rules && path == "/api/v1/rules") before_rules();
    const auto query = field(request.body, "query");
    for (const auto& [what, answer] : instead) {
      if (path.rfind(what, 0) == 0 || (!query.empty() && query.rfind(what, 0) == 0)) co_return answer();
    }
    co_return body(200, good(path, query, request.body));
  }
  static Result<HttpResponse> body(int status, std::string text) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(text);
    return response;
  }
  double seconds() const { return static_cast<double>(clock_.now().time_since_epoch().count()) / 1000; }

 private:
  std::string good(const std::string& path, const std::string& query, const std::string& form) const {
    if (path == "/-/ready") return "ready";
    if (path == "/api/v1/status/runtimeinfo")
      return data(
          fmt::format(R"({{"startTime":"{0}","lastConfigTime":"{0}","reloadConfigSuccess":true}})", at(start_)));
    if (path == "/api/v1/rules") return rules();
    if (path.rfind("/api/v1/targets", 0) == 0)
      return data(fmt::format(R"({{"activeTargets":[{{"labels":{{"job":"a","instance":"h"}},"health":"up",)"
                              R"("lastError":"","lastScrape":"{}","scrapeInterval":"1s"}}]}})",
                              at(seconds())));
    if (path == "/api/v1/format_query") return data("\"" + one_spaced(query) + "\"");
    if (path == "/api/v1/query_range")
      return matrix("", std::stod(field(form, "start")), std::stod(field(form, "end")));
    if (query == "time()") return data(fmt::format(R"({{"resultType":"scalar","result":[{0},"{0}"]}})", seconds()));
    if (query.rfind("gate:heartbeat", 0) == 0)
      return matrix(R"("gate_group":"g")", std::floor(std::max(start_, seconds() - 300)), std::floor(seconds()));
    if (query.rfind("min_over_time(up", 0) == 0)
      return data(R"({"resultType":"vector","result":[{"metric":{"job":"a","instance":"h"},"value":[1,"1"]}]})");
    return data(R"({"resultType":"matrix","result":[]})");
  }
  std::string rules() const {
    const auto evaluated = at(std::floor(seconds()));
    return data(fmt::format(
        R"json({{"groups":[{{"name":"g","file":"/r.yml","interval":1,"rules":[)json"
        R"json({{"type":"alerting","name":"HighErrors","query":"errors > 5","duration":1,)json"
        R"json("labels":{{"layer":"application"}},"annotations":{{}},"alerts":[{1}],"state":"inactive",)json"
        R"json("health":"ok","lastEvaluation":"{0}"}},)json"
        R"json({{"type":"recording","name":"gate:heartbeat","query":"vector(time())",)json"
        R"json("labels":{{"gate_group":"g"}},"health":"ok","lastEvaluation":"{0}"}}]}}]}})json",
        evaluated, alerts));
  }
  static std::string matrix(const std::string& labels, double begin, double end) {
    std::string values;
    for (double time = begin; time <= end + 1e-6; time += 1)
      values += fmt::format(R"({}[{:.3f},"1"])", values.empty() ? "" : ",", time);
    return data(R"({"resultType":"matrix","result":[{"metric":{)" + labels + R"(},"values":[)" + values + "]}]}");
  }
  static std::string data(const std::string& json) { return R"({"status":"success","data":)" + json + "}"; }
  static std::string at(double time) { return iso_time(Time(Milliseconds(std::llround(time * 1000)))); }
  static std::string one_spaced(std::string text) {
    text.erase(std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }), text.end());
    return text;
  }
  static std::string field(const std::string& form, const std::string& name) {
    auto begin = form.rfind(name + "=", 0) == 0 ? 0 : form.find("&" + name + "=");
    if (begin == std::string::npos) return {};
    begin = form.find('=', begin) + 1;
    std::string text;
    for (auto i = begin; i < form.size() && form[i] != '&'; ++i) {
      if (form[i] == '%') {
        text += static_cast<char>(std::stoi(form.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        text += form[i];
      }
    }
    return text;
  }

  Clock& clock_;
  double start_;
};

}  // namespace quietgate
