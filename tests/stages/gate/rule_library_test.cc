// The rules that ship, as the gate reads them.
#include <gtest/gtest.h>

#include <algorithm>

#include "stages/gate/gate_evidence.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {
namespace {

TEST(RuleLibrary, IsReadAsTheGateReadsIt) {
  const auto rules = read_rules(QUIETGATE_SOURCE_DIR "/infra/alerts", {"*.yml"});
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  EXPECT_EQ(std::count_if(rules->begin(), rules->end(), in_scope), 33)
      << "all but the watchdog and the synthetic fault";
  for (const auto& rule : *rules) EXPECT_EQ(heartbeat_of(*rules, rule.group), rule.group) << rule.name;
  for (const auto& need : input_needs(*rules)) EXPECT_EQ(need.problem, "") << (*rules)[need.rule].name;
}

}  // namespace
}  // namespace quietgate
