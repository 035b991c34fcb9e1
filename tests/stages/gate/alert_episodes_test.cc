#include "stages/gate/alert_episodes.h"

#include <gmock/gmock.h>

#include "tests/support/gate_evidence.h"

namespace quietgate {
namespace {

TEST(AlertEpisodes, EpisodesEndAtGapsAndAreTold) {
  auto alerts = std::vector<Series>{alert_series("firing", 1, 3), alert_series("firing", 6, 7)};
  auto episodes = episodes_of(
      alerts, [](const std::string&) { return 1.0; }, evidence_begin + 6);
  ASSERT_EQ(episodes.size(), 2U);
  EXPECT_EQ(episodes[0].last, evidence_begin + 3);
  EXPECT_EQ(episodes[1].firing_until, evidence_begin + 6) << "later samples are left out";
  EXPECT_EQ(episodes[0].name(), "HighErrors");
}

}  // namespace
}  // namespace quietgate
