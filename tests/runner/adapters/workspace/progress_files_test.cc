#include "runner/adapters/workspace/progress_files.h"

#include <gtest/gtest.h>

#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

TEST(ProgressFiles, HoldTheLastOfAnAttemptUntilItIsCleared) {
  StageBench bench;
  const auto attempt = bench.root + "/attempt";
  ProgressFiles files;
  EXPECT_EQ(files.read(attempt), "");
  files.post(attempt, R"({"elapsed_ms":1})");
  files.post(attempt, R"({"elapsed_ms":2})");
  EXPECT_EQ(files.read(attempt), "{\"elapsed_ms\":2}\n");
  EXPECT_EQ(bench.read("attempt/progress.json"), "{\"elapsed_ms\":2}\n");
  EXPECT_EQ(files.read(bench.root + "/other"), "");
  files.clear(attempt);
  files.clear(attempt);
  EXPECT_EQ(files.read(attempt), "");
  files.post(bench.root + "/absent", "{}");
  EXPECT_EQ(files.read(bench.root + "/absent"), "");
}

TEST(ProgressFiles, ReadNothingThatIsTooLongOrNoFile) {
  StageBench bench;
  const auto attempt = bench.root + "/attempt";
  const ProgressFiles files;
  bench.write("attempt/progress.json", std::string(16UL * 1024, ' '));
  EXPECT_EQ(files.read(attempt).size(), 16UL * 1024);
  bench.write("attempt/progress.json", std::string(16UL * 1024 + 1, ' '));
  EXPECT_EQ(files.read(attempt), "");
  std::filesystem::remove(attempt + "/progress.json");
  std::filesystem::create_directory(attempt + "/progress.json");
  EXPECT_EQ(files.read(attempt), "");
}

}  // namespace
}  // namespace quietgate
