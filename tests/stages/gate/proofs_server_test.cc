#include "stages/gate/proofs_server.h"

#include <gmock/gmock.h>

#include <limits>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

TEST(ProofsServer, TheServerMustBeTheSameThroughout) {
  expect_blind({
      {"P1", [](auto& e) { e.before.ready = hung; }, "did not answer"},
      {"P1", [](auto& e) { e.after.ready = false; }, "not ready"},
      {"P1", [](auto& e) { e.after.runtime = hung; }, "did not answer"},
      {"P1", [](auto& e) { e.after.runtime->start_time = evidence_begin + 5; },
       "restarted at 10:02:05Z, during the judgement"},
      {"P1", [](auto& e) { e.before.runtime->start_time = e.after.runtime->start_time = evidence_begin + 5; },
       "restarted at 10:02:05Z, after the window began at 10:02:00Z"},
      {"P1", [](auto& e) { e.after.runtime->reload_config_success = false; }, "could not load its configuration"},
      {"P1",
       [](auto& e) { e.before.runtime->last_config_time = e.after.runtime->last_config_time = evidence_begin + 1; },
       "loaded its configuration at 10:02:01Z"},
      {"P2", [](auto& e) { e.clocks = hung; }, "did not answer"},
      {"P2", [](auto& e) { e.clocks->skew = -2.5; }, "2.5 s behind the runner's, more than 2.0 s"},
      {"P2", [](auto& e) { e.clocks->skew = std::numeric_limits<double>::quiet_NaN(); }, "clock of Prometheus"},
  });
  auto slow = good_evidence();
  slow.clocks->skew = 2.5;
  slow.clocks->round_trip = 1.1;
  EXPECT_EQ(prove_clocks(slow).proof.verdict, GateVerdict::quiet) << "half the round trip is allowed for";
}

TEST(ProofsServer, TargetsMustBeUp) {
  expect_blind({
      {"P7", [](auto& e) { e.targets = hung; }, "did not answer"},
      {"P7", [](auto& e) { e.lowest_up = hung; }, "did not answer"},
      {"P7", [](auto& e) { e.targets->clear(); }, "scrapes no target"},
      {"P7", [](auto& e) { e.targets->front().health = "down", e.targets->front().last_error = "refused"; },
       "target node h:1 is down: refused"},
      {"P7", [](auto& e) { e.targets->front().health = "unknown"; }, "is unknown"},
      {"P7", [](auto& e) { e.targets->front().last_scrape = evidence_begin + 40; },
       "last scraped 10s before the window ended"},
      {"P7", [](auto& e) { e.lowest_up->clear(); }, "has no sample of `up` in the window"},
      {"P7", [](auto& e) { e.lowest_up->front().samples[0].value = 0; }, "was down within the window"},
  });
}

}  // namespace
}  // namespace quietgate
