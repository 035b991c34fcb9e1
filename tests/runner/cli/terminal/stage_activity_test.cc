#include "runner/cli/terminal/stage_activity.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(StageActivity, ReadsProgressAndTheLogsLastLine) {
  auto g = activity_of(
      R"({"elapsed_ms":20000,"duration_ms":45000,"users":40,"requests_per_second":1812.4,"p95_ms":61.2,"failures":0})",
      "old\n");
  EXPECT_EQ(g.line, "40 users, 1,812 req/s, p95 61 ms");
  EXPECT_EQ(*g.duration - *g.elapsed, Milliseconds{25'000});
  EXPECT_EQ(activity_of("", "one\ntwo\x1b[31m red\r\n\n").line, "two red");
  const std::string table =
      R"({"elapsed_ms":1000,"duration_ms":9000,"proofs":[{"id":"P1","name":"n","verdict":"quiet","detail":"d","waived":""},)"
      R"({"id":"P6","name":"inputs","verdict":"blind","detail":"no x\u001b[31m","waived":""},)"
      R"({"id":"P7","name":"targets","verdict":"blind","detail":"none","waived":"managed"},7]})";
  EXPECT_EQ(activity_of(table, "").line, "2 of 3 proofs hold so far; P6 is blind: no x");
  EXPECT_EQ(proofs_so_far(table).size(), 3U);
  EXPECT_TRUE(proofs_so_far("{\"proofs\": 7}").empty());
  EXPECT_EQ(activity_of("not json", "").line, "");
  EXPECT_EQ(activity_of(R"({"elapsed_ms":45000,"duration_ms":45000,"users":0})", "settling: 3 replicas\n").line,
            "settling: 3 replicas");
}

}  // namespace
}  // namespace quietgate
