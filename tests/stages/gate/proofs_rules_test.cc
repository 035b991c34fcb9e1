#include "stages/gate/proofs_rules.h"

#include <gmock/gmock.h>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

TEST(ProofsRules, LoadedRulesMustBeTheCommits) {
  expect_blind({
      {"P3", [](auto& e) { e.loaded = hung; }, "did not answer"},
      {"P3", [](auto& e) { e.loaded->erase(e.loaded->begin()); }, "HighErrors of a.rules.yml (group g) is not loaded"},
      {"P3", [](auto& e) { e.loaded->push_back(e.loaded->front()); }, "HighErrors (group g) is loaded and is not in"},
      {"P3", [](auto& e) { e.loaded->at(0).duration = 30; }, "its `for` is 3s in the commit and 30s in Prometheus"},
      {"P3", [](auto& e) { e.loaded->at(0).query = "errors > 50"; }, "`errors > 5` in the commit and `errors > 50`"},
      {"P3", [](auto& e) { e.loaded->at(0).labels["x"] = "y"; }, "its labels differ"},
      {"P3", [](auto& e) { e.loaded->at(0).annotations["x"] = "y"; }, "its annotations differ"},
      {"P3", [](auto& e) { e.loaded->at(0).keep_firing_for = 1; }, "`keep_firing_for` differs"},
      {"P3", [](auto& e) { e.loaded->at(0).limit = 1; }, "`limit` differs"},
      {"P3", [](auto& e) { e.loaded->at(0).interval = 5; }, "group's interval is 1s in the commit and 5s"},
      {"P3", [](auto& e) { e.canonical.erase("errors > 5"); }, "HighErrors (a.rules.yml) can't be compared"},
      {"P3", [](auto& e) { e.canonical.at("errors > 5") = infrastructure_error("400: parse error"); }, "parse error"},
      {"P3", [](auto& e) { e.rules[1].name = e.loaded->at(1).name = "HighErrors"; }, "two alerting rules are called"},
      {"P3",
       [](auto& e) {
         for (auto& rule : e.rules) rule.labels["severity"] = "none";
       },
       "hold no alerting rule"},
  });
  auto formatted = good_evidence();
  formatted.loaded->at(0).query = "errors  >  5";
  formatted.canonical.emplace("errors  >  5", std::string("errors > 5"));
  formatted.rules[0].interval = 0;
  EXPECT_EQ(prove_loaded(formatted).proof.verdict, GateVerdict::quiet) << "the same once formatted";
}

TEST(ProofsRules, RulesMustBeHealthyAndFresh) {
  expect_blind({
      {"P4", [](auto& e) { e.loaded->at(0).health = "err", e.loaded->at(0).last_error = "many-to-many"; },
       "HighErrors can't be evaluated: many-to-many"},
      {"P4", [](auto& e) { e.loaded->at(0).health = "unknown"; }, "its health is unknown"},
      {"P4", [](auto& e) { e.loaded->at(0).last_evaluation = 0; }, "was never evaluated"},
      {"P4", [](auto& e) { e.loaded->at(0).last_evaluation = evidence_begin + 49; },
       "last evaluated at 10:02:49Z, before the window ended at 10:02:50Z"},
      {"P4", [](auto& e) { e.loaded->clear(); }, "no rule of the commit is loaded"},
  });
}

}  // namespace
}  // namespace quietgate
