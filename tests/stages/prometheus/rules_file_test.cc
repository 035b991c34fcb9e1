#include "stages/prometheus/rules_file.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using testing::HasSubstr;

TEST(RulesFile, ReadsGroupsAndRules) {
  auto rules = read_rules_file("a.yml", R"(groups:
  - name: g
    interval: 1m30s
    limit: 4
    rules:
      - alert: A
        expr: up == 0
        for: 5m
        keep_firing_for: 10s
        labels: {severity: page, number: 1}
        annotations: {summary: "x"}
      - record: r
        expr: |
          sum(up)
  - name: empty
    rules: []
)");
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  ASSERT_EQ(rules->size(), 2U);
  const auto& alert = rules->at(0);
  EXPECT_EQ(alert.interval, 90);
  EXPECT_EQ(alert.limit, 4);
  EXPECT_EQ(alert.duration, 300);
  EXPECT_EQ(alert.keep_firing_for, 10);
  EXPECT_EQ(alert.labels, (Labels{{"severity", "page"}, {"number", "1"}}));
  EXPECT_TRUE(alert.alerting);
  EXPECT_FALSE(alert.last);
  EXPECT_TRUE(rules->at(1).last);
  EXPECT_EQ(rules->at(1).query, "sum(up)\n");
}

TEST(RulesFile, SaysWhereItIsWrong) {
  const std::pair<const char*, const char*> wrong[] = {
      {"groups: [", "a.yml:1:"},
      {"group: []", "a.yml:1:1: unknown key `group`"},
      {"[]", "a rule file needs `groups:`"},
      {"groups: {}", "`groups` must be a list"},
      {"groups:\n  - rules: []", "a.yml:2:5: `name:` is missing"},
      {"groups:\n  - name: g\n    rules:\n      - alert: A", "a.yml:4:9: `expr:` is missing"},
      {"groups:\n  - name: g\n    rules:\n      - expr: up", "either `alert:` or `record:`"},
      {"groups:\n  - name: g\n    rules:\n      - {alert: A, record: B, expr: up}", "either `alert:` or `record:`"},
      {"groups:\n  - name: g\n    rules:\n      - {record: A, expr: up, for: 5m}", "unknown key `for`"},
      {"groups:\n  - name: g\n    rules:\n      - {alert: A, expr: up, for: soon}", "`soon` is not a duration"},
      {"groups:\n  - name: g\n    rules:\n      - {alert: A, expr: up, expr: down}", "key `expr` appears twice"},
      {"groups:\n  - name: g\n    interval: [1]\n    rules: []", "interval is one value"},
      {"groups:\n  - name: g\n    labels: {a: b}\n    rules: []", "labels of a whole group"},
      {"groups:\n  - name: g\n    rules:\n      - {alert: A, expr: up, labels: {a: [b]}}", "a is one value"},
      {"groups:\n  - name: g\n    limit: many\n    rules: []", "`limit` must be a number"},
  };
  for (const auto& [text, words] : wrong) {
    auto rules = read_rules_file("a.yml", text);
    ASSERT_FALSE(rules.ok()) << text;
    EXPECT_THAT(rules.error().message, HasSubstr(words)) << text;
    EXPECT_EQ(rules.error().kind, ErrorKind::user);
  }
}

TEST(RulesFile, ASecondDocumentIsNotSilentlyLeftOut) {
  auto rules = read_rules_file("a.yml", "groups: []\n---\ngroups: []\n");
  ASSERT_FALSE(rules.ok());
  EXPECT_EQ(rules.error().message, "a.yml:3:1: a rule file is one YAML document: Prometheus reads only the first");
  EXPECT_TRUE(read_rules_file("a.yml", "---\ngroups: []\n...\n").ok());
}

TEST(RulesFile, CollectsTheFilesOfTheCheckout) {
  StageBench bench;
  const std::string one = "groups: [{name: g, rules: [{alert: A, expr: up}]}]";
  bench.write("checkout/infra/a.rules.yml", one);
  bench.write("checkout/infra/deep/b.rules.yml", one);
  bench.write("checkout/.git/c.rules.yml", one);
  std::filesystem::create_symlink("/etc/passwd", bench.root + "/checkout/infra/x.rules.yml");
  const auto checkout = bench.root + "/checkout";
  auto rules = read_rules(checkout, {"./infra/*.rules.yml", "**/b.rules.yml", "**/*.rules.yml"});
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  ASSERT_EQ(rules->size(), 2U);
  EXPECT_EQ(rules->at(0).file, "infra/a.rules.yml");
  EXPECT_EQ(rules->at(1).file, "infra/deep/b.rules.yml");
  EXPECT_EQ(read_rules(checkout, {"alerts/*.yml"}).error().message, "no file of the commit matches `alerts/*.yml`");
  EXPECT_FALSE(read_rules(checkout, {}).ok());
  EXPECT_FALSE(read_rules(checkout + "/nowhere", {"*"}).ok());
  bench.write("checkout/infra/big.rules.yml", std::string(5 * 1024 * 1024, '#'));
  EXPECT_THAT(read_rules(checkout, {"infra/*.rules.yml"}).error().message, HasSubstr("larger than 4 MiB"));
  for (int file = 0; file < 5; ++file)
    bench.write("checkout/many/" + std::to_string(file) + ".yml", std::string(4 * 1024 * 1024 - 1, '#'));
  EXPECT_EQ(rules_mention(checkout, {"many/*.yml"}, "x").error().message,
            "the gate's rule files are larger than 16 MiB together, with many/4.yml");
}

TEST(RulesFile, WhatWasReadLastIsNotReadAgainUnlessItChanged) {
  StageBench bench;
  const auto rules_of = [](const std::string& name) {
    return "groups: [{name: g, rules: [{alert: " + name + ", expr: up}]}]";
  };
  bench.write("one/a.yml", rules_of("A"));
  bench.write("one/b.yml", rules_of("B"));
  CommittedRules committed;
  const auto names = [&](const std::string& checkout, const std::vector<std::string>& globs) {
    std::string all;
    const auto rules = committed.read(bench.root + "/" + checkout, globs);
    if (!rules) return rules.error().message;
    for (const auto& rule : *rules) all += rule.file + ":" + rule.name + " ";
    const auto afresh = read_rules(bench.root + "/" + checkout, globs);
    EXPECT_TRUE(afresh && *afresh == *rules);
    return all;
  };
  for (int times = 0; times < 2; ++times) EXPECT_EQ(names("one", {"*.yml"}), "a.yml:A b.yml:B ");
  EXPECT_EQ(names("one", {"b.yml"}), "b.yml:B ");
  EXPECT_EQ(names("one", {"*.yml"}), "a.yml:A b.yml:B ");
  bench.write("one/b.yml", rules_of("C"));
  EXPECT_EQ(names("one", {"*.yml"}), "a.yml:A b.yml:C ");
  // Another checkout with the names of the first.
  bench.write("two/a.yml", rules_of("A"));
  bench.write("two/b.yml", rules_of("D"));
  EXPECT_EQ(names("two", {"*.yml"}), "a.yml:A b.yml:D ");
  bench.write("two/b.yml", "groups: [");
  EXPECT_THAT(names("two", {"*.yml"}), HasSubstr("b.yml:1:"));
  EXPECT_EQ(names("one", {"*.yml"}), "a.yml:A b.yml:C ");
}

TEST(RulesFile, KnowsScopeAndHeartbeat) {
  ExpectedRule rule;
  rule.name = "A";
  rule.group = "g";
  EXPECT_FALSE(in_scope(rule));
  rule.alerting = true;
  EXPECT_TRUE(in_scope(rule));
  rule.labels["severity"] = "none";
  EXPECT_FALSE(in_scope(rule));
  rule.labels.clear();
  for (const auto* name : {"GateWatchdog", "GateSyntheticFault"}) {
    rule.name = name;
    EXPECT_FALSE(in_scope(rule));
  }
  ExpectedRule beat;
  beat.name = "gate:heartbeat";
  beat.group = "g";
  beat.labels["gate_group"] = "beat";
  EXPECT_EQ(heartbeat_of({beat}, "g"), "") << "not the last rule: what comes after it is not proved";
  beat.last = true;
  EXPECT_EQ(heartbeat_of({beat}, "g"), "beat");
  EXPECT_EQ(heartbeat_of({beat}, "h"), "");
}

}  // namespace
}  // namespace quietgate
