// The document and the API agree: on routes, and on what is answered.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "runner/api/api.h"
#include "runner/api/routes.h"
#include "tests/support/fake_attempt_store.h"
#include "tests/support/fake_journal.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

using Json = nlohmann::json;

Json document() {
  return Json::parse(openapi_document());
}

// Why `value` is not what the schema says, or empty. Knows what our document uses, and says so of the rest.
std::string misfit(const Json& schema, const Json& value, const std::string& at) {
  static const Json whole = document();
  if (schema.contains("$ref"))
    return misfit(whole.at(Json::json_pointer(schema["$ref"].get<std::string>().substr(1))), value, at);
  if (value.is_null()) return schema.value("nullable", false) ? "" : at + " is null";
  if (schema.contains("allOf")) return misfit(schema["allOf"][0], value, at);
  if (schema.contains("enum")) {
    const auto& words = schema["enum"];
    if (std::find(words.begin(), words.end(), value) == words.end()) return at + " is " + value.dump();
  }
  const auto type = schema.value("type", std::string("object"));
  if (type == "string") return value.is_string() ? "" : at + " is no string";
  if (type == "integer") return value.is_number_integer() ? "" : at + " is no integer";
  if (type == "number") return value.is_number() ? "" : at + " is no number";
  if (type == "boolean") return value.is_boolean() ? "" : at + " is no boolean";
  if (type == "array") {
    if (!value.is_array()) return at + " is no array";
    for (const auto& item : value) {
      if (auto why = misfit(schema["items"], item, at + "[]"); !why.empty()) return why;
    }
    return "";
  }
  if (!value.is_object()) return at + " is no object";
  if (schema.contains("required")) {
    for (const auto& key : schema["required"]) {
      if (!value.contains(key.get<std::string>())) return at + " lacks " + key.dump();
    }
  }
  if (!schema.contains("properties")) return "";
  for (const auto& [key, item] : value.items()) {
    if (!schema["properties"].contains(key)) return at + "." + key + " is not documented";
    if (auto why = misfit(schema["properties"][key], item, at + "." + key); !why.empty()) return why;
  }
  return "";
}

TEST(OpenApi, NamesExactlyTheRoutesThatThereAre) {
  std::set<std::pair<std::string, std::string>> documented;
  const auto all = document();
  for (const auto& [path, operations] : all["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string upper;
      for (char c : method) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      documented.emplace(upper, path);
      EXPECT_EQ(operation.contains("security"), method == "post") << path;
    }
  }
  std::set<std::pair<std::string, std::string>> served;
  for (const auto& route : routes()) served.emplace(route.method, route.path);
  EXPECT_EQ(documented, served);
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  const auto all = document();
  const auto text = all.dump();
  std::size_t at = 0;
  int count = 0;
  while ((at = text.find("\"$ref\":\"#", at)) != std::string::npos) {
    at += 9;
    const auto pointer = text.substr(at, text.find('"', at) - at);
    EXPECT_TRUE(all.contains(Json::json_pointer(pointer))) << pointer;
    ++count;
  }
  EXPECT_GT(count, 50);
}

TEST(OpenApi, AnswersFitTheirSchemas) {
  boost::asio::io_context context;
  FakeJournal journal(context.get_executor());
  const std::string token(64, 'a');
  FakeAttemptStore attempts;
  Api api(journal, journal, attempts, {"1", token, {}, {{"hello", "file:///x", ".quietgate.yaml"}}, {}});
  const RunId run{"hello", 1};
  journal.add(RefMoved{"hello", "main", {}, commit_a, RefMoved::Kind::first_seen});
  journal.add(RunRequested{run, "main", commit_a, "main moved"});
  journal.add(PlanCompiled{run, sample_plan(run)});
  journal.add(StageStarted{run, "unit", 1});
  journal.add(EnvironmentPlanned{"e1", run, "unit", "processes", false, journal.clock, {{"web", 8080}}});
  journal.add(ApprovalAwaited{run, "unit", "sure?"});
  journal.add(ApprovalGiven{run, "unit", "ana", "yes", true});
  auto ended = outcome_of(Outcome::failed, "p95 312 ms");
  ended.checks = {{"p95", "<= 250ms", "312 ms", Outcome::failed, "p95 312 ms > 250 ms"}};
  ended.window = Window{journal.clock, journal.clock};
  ended.tests = TestCounts{1, 2, 3};
  ended.outputs = {{"url", "http://127.0.0.1:1"}};
  ended.gate = GateJudgement{GateVerdict::blind, "not heard", {{"P3", "rules", GateVerdict::blind, "none"}}, {}};
  journal.add(PromotionIntended{run, "unit", 1, "production", {}, commit_a, "ana", "why not", true});
  journal.add(StageFinished{run, "unit", 1, ended});
  journal.add(CancelRequested{run, "ana", "cancelled by ana"});
  journal.alive = {{"e1",
                    run,
                    "unit",
                    "processes",
                    EnvironmentStatus::ready,
                    false,
                    journal.clock,
                    journal.clock,
                    {{"web", 8080}},
                    1,
                    "stuck"}};

  const auto all = document();
  auto check = [&](const std::string& method, const std::string& path, const std::string& target,
                   const std::string& body = {}) {
    ApiRequest request;
    request.method = method;
    request.target = target;
    request.host = "localhost";
    request.accept = "application/json";
    request.authorization = "Bearer " + token;
    request.body = body;
    auto answer = std::get<Answer>(run_task(context, api.handle(request)));
    auto operation = all["paths"][path][method == "GET" ? "get" : "post"];
    const auto code = std::to_string(answer.status);
    ASSERT_TRUE(operation["responses"].contains(code))
        << method << " " << target << " answered " << code << answer.body;
    auto response = operation["responses"][code];
    if (response.contains("$ref")) response = all.at(Json::json_pointer(response["$ref"].get<std::string>().substr(1)));
    EXPECT_EQ(misfit(response["content"]["application/json"]["schema"], Json::parse(answer.body), path), "");
  };
  const std::string one = "/api/v1/runs/{repository}/{number}";
  check("GET", "/", "/");
  check("GET", "/api/v1/repositories", "/api/v1/repositories");
  check("GET", "/api/v1/environments", "/api/v1/environments");
  check("POST", "/api/v1/environments/{environment}/destroy", "/api/v1/environments/e1/destroy");
  check("POST", "/api/v1/environments/{environment}/destroy", "/api/v1/environments/e2/destroy");
  check("GET", "/api/v1/runs", "/api/v1/runs");
  check("GET", "/api/v1/runs", "/api/v1/runs?limit=x");
  check("GET", one, "/api/v1/runs/hello/1");
  check("GET", one, "/api/v1/runs/hello/9");
  check("GET", one + "/events", "/api/v1/runs/hello/1/events");
  check("POST", one + "/cancel", "/api/v1/runs/hello/1/cancel");
  check("POST", one + "/retry", "/api/v1/runs/hello/1/retry");
  check("POST", one + "/promote", "/api/v1/runs/hello/1/promote", R"({"reason":"x"})");
  check("POST", one + "/stages/{stage}/approval", "/api/v1/runs/hello/1/stages/unit/approval", R"({"granted":true})");
  check("POST", "/api/v1/runs", "/api/v1/runs", R"({"repository":"hello","branch":"main"})");
}

}  // namespace
}  // namespace quietgate
