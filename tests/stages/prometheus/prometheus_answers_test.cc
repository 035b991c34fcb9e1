#include "stages/prometheus/prometheus_answers.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

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
      {"", "not JSON"},
      {"<html>proxy</html>", "not JSON: <html>"},
      {"[]", "`status`"},
      {"{}", "`status` is missing"},
      {R"({"status":"error","errorType":"timeout","error":"query timed out"})", "timeout: query timed out"},
      {R"({"status":"success"})", "`data` is missing"},
      {success("null"), "`resultType`"},
      {success(R"({"resultType":"string","result":[1,"x"]})"), "gives a string"},
      {success(R"({"resultType":"cube","result":[]})"), "gives a cube"},
      {success(R"({"resultType":"vector","result":{}})"), "not a list"},
      {success(R"({"resultType":"vector","result":[{"metric":{}}]})"), "`value` is missing"},
      {success(R"({"resultType":"vector","result":[{"value":[1,"1"]}]})"), "`metric` is missing"},
      {success(R"({"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"1"]}]})"), "not a string"},
      {success(R"({"resultType":"vector","result":[{"metric":{},"value":[1,1]}]})"), "pair"},
      {success(R"({"resultType":"vector","result":[{"metric":{},"value":[1,"1 "]}]})"), "`1 ` is not a number"},
      {success(R"({"resultType":"vector","result":[{"metric":{},"value":[1,""]}]})"), "is not a number"},
      {success(R"({"resultType":"matrix","result":[{"metric":{},"values":[[2,"1"],[1,"1"]]}]})"), "order"},
      {success(R"({"resultType":"matrix","result":[{"metric":{},"histograms":[]}]})"), "histograms"},
      {success(R"({"resultType":"vector","result":[]})", R"(,"warnings":["partial answer"])"),
       "warning: partial answer"},
      {success(R"({"resultType":"vector","result":[]})", R"(,"warnings":"partial")"), "`warnings` is not a list"},
      {success(R"({"resultType":"vector","result":[]})") + "x", "not JSON"},
  };
  for (const auto& [body, words] : surprises) {
    auto answer = read_series(body);
    ASSERT_FALSE(answer.ok()) << body;
    EXPECT_THAT(answer.error().message, HasSubstr(words)) << body;
    EXPECT_EQ(answer.error().kind, ErrorKind::infrastructure);
  }
}

TEST(PrometheusAnswers, ReadsRules) {
  auto rules = read_loaded_rules(success(R"({"groups":[{"name":"g","file":"/r.yml","interval":0.5,"limit":3,"rules":[
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
  EXPECT_THAT(read_loaded_rules(success(R"({"groups":[],"groupNextToken":"x"})")).error().message,
              HasSubstr("only a part"));
  auto with = [](const std::string& rule) {
    return read_loaded_rules(success(R"({"groups":[{"name":"g","interval":1,"rules":[)" + rule + "]}]}"));
  };
  EXPECT_THAT(with(R"({"type":"odd","name":"x"})").error().message, HasSubstr("rule type `odd`"));
  EXPECT_THAT(
      with(R"({"type":"recording","name":"x","query":"y","health":"ok","lastEvaluation":"soon"})").error().message,
      HasSubstr("`soon` is not a time"));
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
  ASSERT_TRUE(read_loaded_rules(body).ok()) << read_loaded_rules(body).error().message;
  const struct {
    const char* part;
    const char* instead;
    const char* words;
  } changes[] = {
      {R"("name":"g")", R"("name":1)", "`name` is not a string"},
      {R"("name":"g",)", "", "`name` is missing"},
      {R"("interval":1)", R"("interval":"1")", "`interval` is not a number"},
      {R"("limit":2)", R"("limit":1e300)", "`limit` is out of range"},
      {R"("limit":2)", R"("limit":12345678901234567890)", "`limit` is out of range"},
      {R"("limit":2)", R"("limit":123456789012345678901234567890)", "not JSON"},
      {R"("limit":2)", R"("limit":1e999)", "not JSON"},
      {R"("rules":[)", R"("rules":{},"rest":[)", "`rules` is not a list"},
      {R"("rules":[)", R"("rules":[7,)", "an object with `name` was expected"},
      {R"("query":"up")", R"("query":null)", "`query` is not a string"},
      {R"("query":"up")", R"("query":"up","query":[])", "`query` is not a string"},
      {R"("query":"up")", "\"query\":\"\xff\"", "not JSON"},
      {R"("query":"up")", R"("query":"\ud83d")", "not JSON"},
      {R"("labels":{"b":"1"})", R"("labels":[])", "`labels` is not an object"},
      {R"("labels":{"b":"1"})", R"("labels":{"z":1,"b":2,"c":"3"})", "`labels.b` is not a string"},
      {R"("state":"firing","health")", R"("state":"burning","health")", "rule state `burning` is not known"},
      {R"("alerts":[)", R"("alerts":null,"rest":[)", "`alerts` is not a list"},
      {R"("value":"1")", R"("value":1)", "`value` is not a string"},
      {R"("value":"1")", R"("value":"one")", "`one` is not a number"},
      {R"("activeAt":"2026-02-03T04:05:06Z")", R"("activeAt":"2026-02-03T04:05:nanZ")", "is not a time"},
  };
  for (const auto& change : changes) {
    auto text = body;
    text.replace(text.find(change.part), std::string_view(change.part).size(), change.instead);
    const auto rules = read_loaded_rules(text);
    ASSERT_FALSE(rules.ok()) << text;
    EXPECT_THAT(rules.error().message, HasSubstr(change.words)) << text;
    EXPECT_EQ(rules.error().kind, ErrorKind::infrastructure);
  }
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_THAT(read_loaded_rules(body.substr(0, size)).error().message, HasSubstr("not JSON"));
}

TEST(PrometheusAnswers, OfDuplicateKeysTheLastCounts) {
  const auto rules = read_loaded_rules(
      success(R"({"groups":[{"name":1,"name":"g","interval":1,"rules":[{"type":"recording","name":"r","query":"a",)"
              R"("query":"b","labels":{"l":1,"l":"2"},"health":"ok","lastEvaluation":"2026-02-03T04:05:06Z"}]}]})"));
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  EXPECT_EQ(rules->at(0).group, "g");
  EXPECT_EQ(rules->at(0).query, "b");
  EXPECT_EQ(rules->at(0).labels, (Labels{{"l", "2"}}));
}

TEST(PrometheusAnswers, DepthIsBounded) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(read_loaded_rules(success(R"({"groups":[],"more":)" + nested(500) + "}")).ok());
  EXPECT_THAT(read_loaded_rules(success(R"({"groups":)" + nested(500) + "}")).error().message,
              HasSubstr("an object with `name`"));
  EXPECT_THAT(read_loaded_rules(success(R"({"groups":[],"more":)" + nested(100'000) + "}")).error().message,
              HasSubstr("not JSON"));
  EXPECT_THAT(read_loaded_rules(std::string(1'000'000, '[')).error().message, HasSubstr("not JSON"));
}

bool is_taken_for_json(const std::string& text) {
  const auto answer = read_text(text);
  return answer.ok() || answer.error().message.find("not JSON") == std::string::npos;
}

TEST(PrometheusAnswers, TakesNothingForJsonThatIsNone) {
  for (const std::string text : {"",
                                 " ",
                                 "nul",
                                 "nulll",
                                 "true false",
                                 "[1,]",
                                 "[,1]",
                                 "[1 2]",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{\"a\":1,}",
                                 "{a:1}",
                                 "[",
                                 "{",
                                 "]",
                                 "[1}",
                                 "{\"a\":1]",
                                 "\"",
                                 "\"\\",
                                 "\"\\u12\"",
                                 "\"\\q\"",
                                 "\"tab\there\"",
                                 "'a'",
                                 "1 // c",
                                 "00",
                                 "01",
                                 "-",
                                 "+1",
                                 "1.",
                                 ".5",
                                 "1e",
                                 "1e+",
                                 "0x10",
                                 "NaN",
                                 "Infinity",
                                 "1e999",
                                 "[1]x",
                                 "[1]\v",
                                 R"("\ud83d")",
                                 R"("\ude00")",
                                 R"("\ud83dx")",
                                 R"("\ud83d\u0041")",
                                 R"("\u00g1")",
                                 "\"\xff\"",
                                 "\"\xc3\"",
                                 "\"\xc0\xaf\"",
                                 "\"\xe0\x80\xaf\"",
                                 "\"\xed\xa0\x80\"",
                                 "\"\xf4\x90\x80\x80\"",
                                 "\"\xf0\x80\x80\x80\"",
                                 "\"\x80\"",
                                 "\xef\xbb\xbf[1]"})
    EXPECT_FALSE(is_taken_for_json(text)) << text;
  EXPECT_FALSE(is_taken_for_json(std::string("[1]\0", 4)));
  EXPECT_FALSE(is_taken_for_json(success(std::string("\"a\0b\"", 5))));
}

TEST(PrometheusAnswers, ReadsNumbersAndStringsToTheLastBit) {
  for (const std::string number :
       {"0", "-0", "1e5", "1E-5", "-1.5e+3", "1e-999", "4.9e-324", "1.7976931348623157e308", "9007199254740993",
        "9223372036854775808", "18446744073709551615", "0.1000000000000000055511151231", "1764170000.123",
        "9999999999999999", "0.1234567891", "91399620843407.97", "955647443541.5693", "994818747638909.5"}) {
    const auto answer = read_series(success(R"({"resultType":"scalar","result":[)" + number + R"(,"1"]})"));
    ASSERT_TRUE(answer.ok()) << number;
    EXPECT_EQ(answer->at(0).samples.at(0).time, nlohmann::json::parse(number).get<double>()) << number;
  }
  for (const std::string text : {R"("\"\\\/\b\f\n\r\t")", R"("\u0041\u00e9\u20AC\u0000x")", R"("\ud83d\ude00")",
                                 "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"", "\"\""}) {
    const auto answer = read_text(success(text));
    ASSERT_TRUE(answer.ok()) << text;
    EXPECT_EQ(*answer, nlohmann::json::parse(text).get<std::string>()) << text;
  }
}

// What servers answer, cut off at every place and with a few bytes changed: two parsers agree on what is JSON.
TEST(PrometheusAnswers, TakesBrokenAnswersForJsonWhenTheyAre) {
  const std::string answer =
      R"({"status":"success","data":{"groups":[{"name":"g0","file":"/r.yml","rules":[{"state":"firing","name":"A",)"
      R"("query":"up \u003e 1 and \"x\"","duration":0.5,"labels":{"layer":"n\u00f6de"},"annotations":{"s":"µ → 😀\n"},)"
      R"("alerts":[{"labels":{},"state":"firing","activeAt":"2026-02-03T04:05:00Z","value":"0e+00"}],"health":"ok",)"
      R"("evaluationTime":1.25e-05,"lastEvaluation":"2026-02-03T04:05:06.789Z","type":"alerting"}],"interval":-10,)"
      R"("limit":0}],"more":[true,false,null,[],{},[[1700000000.25,"1"],[1700000001,"NaN"]]]}})";
  const auto expect_agreement = [](const std::string& text) {
    EXPECT_EQ(is_taken_for_json(text), nlohmann::json::accept(text)) << text;
  };
  expect_agreement(answer);
  for (std::size_t size = 0; size < answer.size(); ++size) expect_agreement(answer.substr(0, size));
  const std::string bytes = "\"\\{}[]:,0123456789.eE+-utfn /\x01\x7f\x80\xbf\xc3\xe2\xed\xf0\xff\n";
  std::mt19937 random(7);
  auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  for (int round = 0; round < 20'000; ++round) {
    auto text = answer;
    for (auto changes = below(3) + 1; changes > 0; --changes) {
      const auto at = below(text.size());
      const char byte = bytes[below(bytes.size())];
      switch (below(4)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, below(12) + 1);
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(40)));
      }
      if (text.empty()) break;
    }
    expect_agreement(text);
    (void)read_loaded_rules(text);
    if (HasFailure()) return;
  }
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

}  // namespace
}  // namespace quietgate
