#include "stages/prometheus/prometheus_answers.h"

#include <gmock/gmock.h>

#include <cmath>

namespace quietgate {
namespace {

using testing::HasSubstr;

std::string success(const std::string& data, const std::string& rest = "") {
  return R"({"status":"success","data":)" + data + rest + "}";
}

TEST(PrometheusAnswers, ReadsVectorsMatricesAndScalars) {
  auto vector = read_series(
      success(R"({"resultType":"vector","result":[{"metric":{"job":"app"},"value":[1700000000.25,"1.5e3"]}]})"));
  ASSERT_TRUE(vector.ok()) << vector.error().message;
  EXPECT_EQ(vector->at(0).labels, (Labels{{"job", "app"}}));
  EXPECT_EQ(vector->at(0).samples.at(0).time, 1'700'000'000.25);
  EXPECT_EQ(vector->at(0).samples.at(0).value, 1500);
  auto matrix = read_series(
      success(R"({"resultType":"matrix","result":[{"metric":{},"values":[[1,"NaN"],[2,"+Inf"],[3,"-Inf"]]}]})"));
  ASSERT_TRUE(matrix.ok());
  EXPECT_TRUE(std::isnan(matrix->at(0).samples.at(0).value));
  EXPECT_EQ(matrix->at(0).samples.at(1).value, INFINITY);
  EXPECT_EQ(matrix->at(0).samples.at(2).value, -INFINITY);
  EXPECT_EQ(read_series(success(R"({"resultType":"scalar","result":[1,"2"]})"))->at(0).samples.at(0).value, 2);
  EXPECT_TRUE(
      read_series(success(R"({"resultType":"vector","result":[]})", R"(,"warnings":[],"infos":["x"])"))->empty());
}

TEST(PrometheusAnswers, KnowsWhatIsTooMuchOrNotUnderstood) {
  EXPECT_EQ(failure_cause("execution: query processing would load too many samples into memory"), ErrorCause::too_much);
  EXPECT_EQ(failure_cause("bad_data: exceeded maximum resolution of 11,000 points"), ErrorCause::too_much);
  EXPECT_EQ(failure_cause("bad_data: 1:4: parse error: unclosed left parenthesis"), ErrorCause::not_understood);
  EXPECT_EQ(failure_cause("execution: found duplicate series"), ErrorCause::other);
  EXPECT_EQ(read_series(R"({"status":"error","errorType":"timeout","error":"query timed out"})").error().cause,
            ErrorCause::too_much);
}

TEST(PrometheusAnswers, EverySurpriseIsAnError) {
  const std::pair<std::string, const char*> surprises[] = {
      {"", "no JSON"},
      {"<html>proxy</html>", "no JSON: <html>"},
      {"[]", "`status`"},
      {"{}", "`status` is missing"},
      {R"({"status":"error","errorType":"timeout","error":"query timed out"})", "timeout: query timed out"},
      {R"({"status":"success"})", "`data` is missing"},
      {success("null"), "`resultType`"},
      {success(R"({"resultType":"string","result":[1,"x"]})"), "gives a string"},
      {success(R"({"resultType":"cube","result":[]})"), "gives a cube"},
      {success(R"({"resultType":"vector","result":{}})"), "no list"},
      {success(R"({"resultType":"vector","result":[{"metric":{}}]})"), "`value` is missing"},
      {success(R"({"resultType":"vector","result":[{"value":[1,"1"]}]})"), "`metric` is missing"},
      {success(R"({"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]})"), "no string"},
      {success(R"({"resultType":"vector","result":[{"metric":{},"value":[1,1]}]})"), "pair"},
      {success(R"({"resultType":"vector","result":[{"metric":{},"value":[1,"1 "]}]})"), "`1 ` is no number"},
      {success(R"({"resultType":"vector","result":[{"metric":{},"value":[1,""]}]})"), "is no number"},
      {success(R"({"resultType":"matrix","result":[{"metric":{},"values":[[2,"1"],[1,"1"]]}]})"), "order"},
      {success(R"({"resultType":"matrix","result":[{"metric":{},"histograms":[]}]})"), "histograms"},
      {success(R"({"resultType":"vector","result":[]})", R"(,"warnings":["partial answer"])"),
       "warning: partial answer"},
      {success(R"({"resultType":"vector","result":[]})", R"(,"warnings":"partial")"), "`warnings` is no list"},
      {success(R"({"resultType":"vector","result":[]})") + "x", "no JSON"},
  };
  for (const auto& [body, words] : surprises) {
    auto answer = read_series(body);
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_THAT(answer.error().message, HasSubstr(words)) << body;
    EXPECT_EQ(answer.error().kind, ErrorKind::infrastructure);
  }
}

TEST(PrometheusAnswers, ReadsRules) {
  auto rules = read_rules(success(R"({"groups":[{"name":"g","file":"/r.yml","interval":0.5,"limit":3,"rules":[
    {"type":"alerting","name":"Loud","query":"up == 0","duration":3,"keepFiringFor":5,"labels":{"layer":"node"},
     "annotations":{"a":"b"},"state":"firing","health":"ok","lastEvaluation":"2026-02-03T04:05:06.5Z","evaluationTime":0.1,
     "alerts":[{"labels":{"alertname":"Loud"},"annotations":{},"state":"firing","activeAt":"2026-02-03T04:05:00Z","value":"0e+00"}]},
    {"type":"recording","name":"r","query":"one","health":"err","lastError":"boom","lastEvaluation":"0001-01-01T00:00:00Z"}]
}]
})"));
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  ASSERT_EQ(rules->size(), 2U);
  const auto& loud = rules->at(0);
  EXPECT_EQ(loud.group, "g");
  EXPECT_EQ(loud.interval, 0.5);
  EXPECT_EQ(loud.limit, 3);
  EXPECT_TRUE(loud.alerting);
  EXPECT_EQ(loud.keep_firing_for, 5);
  EXPECT_EQ(loud.last_evaluation, 1'770'091'506.5);
  ASSERT_EQ(loud.alerts.size(), 1U);
  EXPECT_EQ(loud.alerts[0].active_at, 1'770'091'500);
  EXPECT_FALSE(rules->at(1).alerting);
  EXPECT_EQ(rules->at(1).last_error, "boom");
  EXPECT_EQ(rules->at(1).last_evaluation, 0);
}

TEST(PrometheusAnswers, RefusesPartsAndUnknownRules) {
  EXPECT_THAT(read_rules(success(R"({"groups":[],"groupNextToken":"x"})")).error().message, HasSubstr("only a part"));
  auto with = [](const std::string& rule) {
    return read_rules(success(R"({"groups":[{"name":"g","interval":1,"rules":[)" + rule + "]}]}"));
  };
  EXPECT_THAT(with(R"({"type":"odd","name":"x"})").error().message, HasSubstr("rule type `odd`"));
  EXPECT_THAT(
      with(R"({"type":"recording","name":"x","query":"y","health":"ok","lastEvaluation":"soon"})").error().message,
      HasSubstr("`soon` is no time"));
  EXPECT_FALSE(with(R"({"type":"alerting","name":"x","query":"y","health":"ok","duration":1,"alerts":[],
    "state":"unknown","lastEvaluation":"2026-02-03T04:05:06Z"})")
                   .ok());
}

TEST(PrometheusAnswers, NamesWhatIsWrongWithARule) {
  const std::string rule =
      R"({"type":"alerting","name":"A","query":"up","duration":3,"labels":{"b":"1"},"annotations":{},)"
      R"("state":"firing","health":"ok","lastEvaluation":"2026-02-03T04:05:06Z","alerts":[{"labels":{},)"
      R"("state":"firing","activeAt":"2026-02-03T04:05:06Z","value":"1"}]})";
  const auto body = success(R"({"groups":[{"name":"g","interval":1,"limit":2,"rules":[)" + rule + "]}]}");
  ASSERT_TRUE(read_rules(body).ok()) << read_rules(body).error().message;
  const struct {
    const char* part;
    const char* instead;
    const char* words;
  } changes[] = {
      {R"("name":"g")", R"("name":1)", "`name` is no string"},
      {R"("name":"g",)", "", "`name` is missing"},
      {R"("interval":1)", R"("interval":"1")", "`interval` is no number"},
      {R"("limit":2)", R"("limit":1e300)", "`limit` is out of range"},
      {R"("limit":2)", R"("limit":123456789012345678901234567890)", "`limit` is out of range"},
      {R"("limit":2)", R"("limit":1e999)", "no JSON"},
      {R"("rules":[)", R"("rules":{},"rest":[)", "`rules` is no list"},
      {R"("rules":[)", R"("rules":[7,)", "an object with `name` was expected"},
      {R"("query":"up")", R"("query":null)", "`query` is no string"},
      {R"("query":"up")", R"("query":"up","query":[])", "`query` is no string"},
      {R"("query":"up")", "\"query\":\"\xff\"", "no JSON"},
      {R"("query":"up")", R"("query":"\ud83d")", "no JSON"},
      {R"("labels":{"b":"1"})", R"("labels":[])", "`labels` is no object"},
      {R"("labels":{"b":"1"})", R"("labels":{"z":1,"b":2,"c":"3"})", "`labels.b` is no string"},
      {R"("state":"firing","health")", R"("state":"burning","health")", "rule state `burning` is not known"},
      {R"("alerts":[)", R"("alerts":null,"rest":[)", "`alerts` is no list"},
      {R"("value":"1")", R"("value":1)", "`value` is no string"},
      {R"("value":"1")", R"("value":"one")", "`one` is no number"},
      {R"("activeAt":"2026-02-03T04:05:06Z")", R"("activeAt":"2026-02-03T04:05:nanZ")", "is no time"},
  };
  for (const auto& change : changes) {
    auto text = body;
    text.replace(text.find(change.part), std::string_view(change.part).size(), change.instead);
    const auto rules = read_rules(text);
    ASSERT_FALSE(rules.ok()) << text;
    EXPECT_THAT(rules.error().message, HasSubstr(change.words)) << text;
    EXPECT_EQ(rules.error().kind, ErrorKind::infrastructure);
  }
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_THAT(read_rules(body.substr(0, size)).error().message, HasSubstr("no JSON"));
}

TEST(PrometheusAnswers, OfDuplicateKeysTheLastCounts) {
  const auto rules = read_rules(
      success(R"({"groups":[{"name":1,"name":"g","interval":1,"rules":[{"type":"recording","name":"r","query":"a",)"
              R"("query":"b","labels":{"l":1,"l":"2"},"health":"ok","lastEvaluation":"2026-02-03T04:05:06Z"}]}]})"));
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  EXPECT_EQ(rules->at(0).group, "g");
  EXPECT_EQ(rules->at(0).query, "b");
  EXPECT_EQ(rules->at(0).labels, (Labels{{"l", "2"}}));
}

TEST(PrometheusAnswers, DepthThatNobodyAsksAboutIsNoProblem) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(read_rules(success(R"({"groups":[],"more":)" + deep + "}")).ok());
  EXPECT_THAT(read_rules(success(R"({"groups":)" + deep + "}")).error().message, HasSubstr("an object with `name`"));
}

TEST(PrometheusAnswers, ReadsTargetsAndRuntime) {
  auto targets = read_targets(success(R"({"activeTargets":[{"labels":{"job":"app","instance":"h:1"},"health":"down",
    "lastError":"refused","lastScrape":"2026-02-03T05:05:06.789012345+01:00","scrapeInterval":"1m30s500ms"}]})"));
  ASSERT_TRUE(targets.ok()) << targets.error().message;
  EXPECT_EQ(targets->at(0).job, "app");
  EXPECT_NEAR(targets->at(0).last_scrape, 1'770'091'506.789, 0.0005);
  EXPECT_EQ(targets->at(0).scrape_interval, 90.5);
  EXPECT_FALSE(read_targets(success("{}")).ok());
  auto runtime = read_runtime(success(
      R"({"startTime":"2026-02-03T04:05:06Z","lastConfigTime":"2026-02-03T04:05:07Z","reloadConfigSuccess":true})"));
  ASSERT_TRUE(runtime.ok());
  EXPECT_EQ(runtime->last_config_time - runtime->start_time, 1);
  EXPECT_TRUE(runtime->reload_config_success);
  EXPECT_FALSE(read_runtime(success(R"({"startTime":"2026-02-03T04:05:06Z"})")).ok());
}

TEST(PrometheusAnswers, RefusesBrokenTimesAndDurations) {
  for (const auto* text : {"", "2026-02-03", "2026-13-03T04:05:06Z", "2026-02-30T04:05:06Z", "2026-02-03T04:05:06",
                           "2026-02-03T04:05:06Zx", "2026-02-03T04:05:61Z", "2026-02-03T04:05:nanZ",
                           "2026-02-03T04:05:infZ", "2026-02-03T04:05:06+1"}) {
    EXPECT_FALSE(read_time(text).ok()) << text;
  }
  EXPECT_EQ(read_duration("0").value(), 0);
  for (const auto* text : {"", "5", "s", "5x", "5s5", "-5s"}) EXPECT_FALSE(read_duration(text).ok()) << text;
}

}  // namespace
}  // namespace quietgate
