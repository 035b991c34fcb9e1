#include "stages/prometheus/alertmanager.h"

#include <gmock/gmock.h>

namespace quietgate {
namespace {

using testing::HasSubstr;

TEST(Alertmanager, ReadsActiveSilencesOnly) {
  const auto silences = read_silences(R"([
    {"id": "a1", "status": {"state": "active"}, "comment": "deploy", "createdBy": "ana",
     "endsAt": "2026-01-01T10:00:00.000Z", "matchers": [{"name": "alertname", "value": "X|Y", "isRegex": true}]},
    {"id": "b2", "status": {"state": "expired"}, "matchers": []}])");
  ASSERT_TRUE(silences.ok()) << silences.error().message;
  ASSERT_EQ(silences->size(), 1U);
  EXPECT_EQ(silences->front().created_by, "ana");
  EXPECT_EQ(silences->front().ends_at, 1'767'261'600);
  EXPECT_TRUE(silences->front().matchers.front().is_equal) << "older servers leave it out";
}

TEST(Alertmanager, ReadsWhatItHoldsBack) {
  const auto held = read_held_alerts(R"([
    {"labels": {"alertname": "A"}, "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}},
    {"labels": {"alertname": "B"}, "status": {"state": "suppressed", "silencedBy": ["a1"], "inhibitedBy": []}},
    {"labels": {"alertname": "C"}, "status": {"state": "suppressed", "silencedBy": [], "inhibitedBy": ["f"]}}])");
  ASSERT_TRUE(held.ok()) << held.error().message;
  ASSERT_EQ(held->size(), 2U);
  EXPECT_EQ(held->at(0).silenced_by, std::vector<std::string>{"a1"});
  EXPECT_EQ(held->at(1).labels.at("alertname"), "C");
}

TEST(Alertmanager, SurprisesAreErrors) {
  for (const char* body : {"", "{}", "[1]", "<html>", "[{\"id\": \"a\", \"status\": {\"state\": \"active\"}}]",
                           "[{\"id\": \"a\", \"status\": {\"state\": \"active\"}, \"matchers\": [7]}]"})
    EXPECT_FALSE(read_silences(body).ok()) << body;
  EXPECT_FALSE(read_held_alerts("null").ok());
}

TEST(Alertmanager, MatchesAsAlertmanagerDoes) {
  const Labels labels{{"alertname", "HighErrors"}, {"path", "/a"}};
  const auto with = [](std::vector<SilenceMatcher> matchers) {
    Silence silence;
    silence.matchers = std::move(matchers);
    return silence;
  };
  EXPECT_TRUE(silences(with({{"alertname", "HighErrors", false, true}}), labels));
  EXPECT_FALSE(silences(with({{"alertname", "High", true, true}}), labels)) << "patterns are of the whole value";
  EXPECT_TRUE(silences(with({{"alertname", "High.*", true, true}, {"path", "/b", false, false}}), labels));
  EXPECT_FALSE(silences(with({{"alertname", "High.*", true, true}, {"path", "/b", false, true}}), labels));
  EXPECT_TRUE(silences(with({{"zone", "", false, true}}), labels)) << "an absent label is empty";
  EXPECT_FALSE(silences(with({{"zone", "x", false, true}}), labels));
  EXPECT_TRUE(may_silence(with({{"alertname", "HighErrors", false, true}, {"zone", "x", false, true}}), labels));
  EXPECT_FALSE(may_silence(with({{"alertname", "Other", false, true}, {"zone", "x", false, true}}), labels));
  EXPECT_FALSE(silences(with({{"alertname", "(", true, true}}), labels)) << "an unreadable pattern matches nothing";
  EXPECT_FALSE(silences(with({}), labels));
}

}  // namespace
}  // namespace quietgate
