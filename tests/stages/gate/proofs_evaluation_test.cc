#include "stages/gate/proofs_evaluation.h"

#include <gmock/gmock.h>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

TEST(ProofsEvaluation, HeartbeatsMustNotPause) {
  expect_blind({
      {"P5", [](auto& e) { e.heartbeats = hung; }, "did not answer"},
      {"P5", [](auto& e) { e.heartbeats->clear(); }, "no sample of gate:heartbeat"},
      {"P5", [](auto& e) { e.heartbeats->push_back(e.heartbeats->front()); }, "comes from 2 sources"},
      {"P5",
       [](auto& e) {
         e.heartbeats = std::vector<Series>{steady({{"gate_group", "g"}}, 1, 1, 1, 60)};
       },
       "does not span the window"},
      {"P5",
       [](auto& e) {
         e.heartbeats = std::vector<Series>{steady({{"gate_group", "g"}}, 1, 1, -5, 49)};
       },
       "does not span the window"},
      {"P5", [](auto& e) { e.heartbeats->front().samples.erase(e.heartbeats->front().samples.begin() + 20); },
       "group g was not evaluated for 2s from 10:02:09Z (allowed 1.5s)"},
      {"P5", [](auto& e) { e.rules[2].last = false; }, "nothing proves that group g was evaluated throughout"},
  });
  auto before = good_evidence();
  before.heartbeats->front().samples.erase(before.heartbeats->front().samples.begin() + 3);
  EXPECT_EQ(prove_evaluated(before).proof.verdict, GateVerdict::quiet) << "a gap before the window is none of ours";
}

TEST(ProofsEvaluation, OwnMetricsMustShowSteadyEvaluation) {
  auto counted = [](GateEvidence& e) {
    e.rules[2].last = false;
    const Labels labels{{"rule_group", "/etc/a.rules.yml;g"}};
    auto rising = steady(labels, 0, 5, -10, 55);
    for (auto& sample : rising.samples) sample.value = sample.time - evidence_begin + 100;
    e.iterations = std::vector<Series>{rising};
    e.missed = std::vector<Series>{steady(labels, 2, 5, -10, 55)};
    e.failures = std::vector<Series>{steady(labels, 7, 5, -10, 55)};
  };
  auto good = good_evidence();
  counted(good);
  EXPECT_EQ(prove_evaluated(good).proof.verdict, GateVerdict::quiet) << prove_evaluated(good).proof.detail;
  auto with = [&](std::function<void(GateEvidence&)> flaw, const char* words) {
    return Flaw{"P5",
                [=](GateEvidence& e) {
                  counted(e);
                  flaw(e);
                },
                words};
  };
  expect_blind({
      with([](auto& e) { e.iterations = hung; }, "did not answer"),
      with([](auto& e) { e.missed->front().samples.at(5).value = 3; }, "missed an evaluation between 10:02:10Z and"),
      with([](auto& e) { e.failures->front().samples.at(5).value = 8; }, "failed to evaluate a rule"),
      with([](auto& e) { e.missed->clear(); }, "nothing proves"),
      with(
          [](auto& e) {
            e.iterations->front().samples.erase(e.iterations->front().samples.begin(),
                                                e.iterations->front().samples.begin() + 4);
          },
          "don't span the window"),
      with(
          [](auto& e) {
            for (auto& s : e.iterations->front().samples) s.value /= 2;
          },
          "was evaluated 25 times instead of"),
  });
  // With a heartbeat, what Prometheus says of failures still counts.
  expect_blind({{"P5",
                 [&](GateEvidence& e) {
                   counted(e);
                   e.rules[2].last = true;
                   e.failures->front().samples.at(5).value = 8;
                 },
                 "failed to evaluate a rule"}});
}

}  // namespace
}  // namespace quietgate
