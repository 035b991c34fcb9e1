#include "stages/gate/first_scrape.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

struct Server {
  std::vector<ScrapeTarget> targets{{"app", "a:1", "up", "", 100, 1}, {"node", "b:2", "up", "", 101, 1}};
  std::vector<LoadedRule> rules;
  std::set<std::string> waived;

  Server() {
    LoadedRule rule;
    rule.group = "g";
    rule.name = "HighErrors";
    rule.alerting = true;
    rule.state = "inactive";
    rule.last_evaluation = 102;
    rules = {rule};
  }
  std::string missing() const { return FirstScrape({"HighErrors"}, waived).missing(targets, rules); }
};

TEST(FirstScrape, IsCompleteWhenEveryTargetWasScrapedAndEveryAlertEvaluatedSince) {
  Server server;
  EXPECT_EQ(server.missing(), "");
  server.targets[1].health = "unknown";
  server.targets[1].last_scrape = 0;
  EXPECT_EQ(server.missing(), "target b:2 of job node was not scraped");
  server.targets[1] = {"node", "b:2", "down", "connection refused", 101, 1};
  EXPECT_EQ(server.missing(), "target b:2 of job node is down: connection refused");
  Server early;
  early.rules[0].last_evaluation = 100.5;
  EXPECT_EQ(early.missing(), "rule HighErrors of group g was not evaluated since every target was scraped");
  early.rules[0].name = "SomebodyElses";
  EXPECT_EQ(early.missing(), "");
  Server none;
  none.targets.clear();
  EXPECT_EQ(none.missing(), "the server has no target");
}

TEST(FirstScrape, LaterScrapesTakeNothingBack) {
  Server server;
  FirstScrape scrape({"HighErrors"}, {});
  server.rules[0].last_evaluation = 0;
  EXPECT_NE(scrape.missing(server.targets, server.rules), "");
  server.targets[0].last_scrape = 105;
  server.rules[0].last_evaluation = 102;
  EXPECT_EQ(scrape.missing(server.targets, server.rules), "") << "each scrape would be newer than each evaluation";
}

TEST(FirstScrape, DoesNotWaitForWhatIsWaived) {
  const Result<std::vector<ScrapeTarget>> no_targets = infrastructure_error("not served");
  const Result<std::vector<LoadedRule>> no_rules = infrastructure_error("not served either");
  EXPECT_EQ(FirstScrape({}, {}).missing(no_targets, no_rules), "not served");
  EXPECT_EQ(FirstScrape({}, {"P7"}).missing(no_targets, no_rules), "not served either");
  EXPECT_EQ(FirstScrape({}, {"P7", "P3"}).missing(no_targets, no_rules), "");
}

TEST(FirstScrape, IsWaitedForInVainWhenAnAlertTellsOfATargetThatIsDown) {
  Server server;
  const FirstScrape scrape({"HighErrors"}, {});
  server.rules[0].state = "firing";
  EXPECT_FALSE(scrape.never_completes(server.targets, server.rules));
  server.targets[0].health = "down";
  EXPECT_TRUE(scrape.never_completes(server.targets, server.rules));
  server.targets[1].last_scrape = 0;
  EXPECT_FALSE(scrape.never_completes(server.targets, server.rules)) << "not everything was looked at";
}

TEST(FirstScrape, IsFoundOutLaterByTheSamples) {
  const Server server;
  auto rules = server.rules;
  rules[0].interval = 15;
  const Series before{{}, {{90, 1}, {95, 1}}};
  const Series restarted{{}, {{90, 1}, {104, 1}, {105, 1}}};
  const Series late{{}, {{101, 0}, {106, 1}, {107, 0}}};
  EXPECT_EQ(complete_since({before, restarted}, rules, 100), Time{Milliseconds{134'000}});
  EXPECT_EQ(complete_since({before, restarted, late}, rules, 100), Time{Milliseconds{136'000}});
}

}  // namespace
}  // namespace quietgate
