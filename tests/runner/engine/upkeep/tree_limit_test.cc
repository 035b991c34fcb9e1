#include "runner/engine/upkeep/tree_limit.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/fake_clock.h"

namespace quietgate {
namespace {

struct FakeGauge final : DiskGauge {
  explicit FakeGauge(FakeClock& with) : clock(with) {}
  FakeClock& clock;
  std::map<std::string, std::uint64_t> used;
  Milliseconds takes{0};
  int looks = 0;
  std::function<void()> meanwhile = [] {};
  Result<DiskSpace> space() override { return DiskSpace{}; }
  Task<std::vector<std::uint64_t>> use_of(std::vector<std::string> folders, Stop&) override {
    ++looks;
    clock.advance(takes);
    meanwhile();
    std::vector<std::uint64_t> bytes;
    for (const auto& folder : folders) bytes.push_back(used[folder]);
    co_return bytes;
  }
};

struct FakeTrees final : AttemptTrees {
  Task<Result<std::string>> open(std::string, std::string, bool, Stop&) override { co_return std::string(); }
  Task<Result<void>> close(std::string, Stop&) override { co_return Result<void>{}; }
  Task<Result<void>> remove(std::string, Stop&) override { co_return Result<void>{}; }
  Task<Result<void>> clear(std::string, Stop&) override { co_return Result<void>{}; }
  std::string written(const std::string& attempt) const override { return attempt + "/tree.upper"; }
};

struct TreeLimitTest : ::testing::Test {
  TreeLimitTest() {
    spawn(io.get_executor(), limit.watch(stop), [](std::exception_ptr) {});
    settle();
  }
  ~TreeLimitTest() override {
    stop.request(StopReason::shutdown, "the test ends");
    settle();
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  void pass(Milliseconds span = Milliseconds{5'000}) {
    clock.advance(span);
    settle();
  }
  TreeLimit::Entry enter(const std::string& name) {
    auto entry = limit.enter(
        {"hello/7, " + name, "/" + name, [this, name](const std::string& why) { ended += name + ": " + why + "\n"; }});
    settle();
    return entry;
  }

  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  FakeGauge gauge{clock};
  FakeTrees trees;
  Stop stop;
  std::string said;
  std::string ended;
  TreeLimit limit{
      gauge, trees, clock, io.get_executor(), 4'000'000, [this](const std::string& line) { said += line + "\n"; }};
};

TEST_F(TreeLimitTest, NobodyLooksWhileNothingRuns) {
  EXPECT_EQ(clock.sleepers(), 0);
  enter("unit");  // and is over
  pass();
  const auto looks = gauge.looks;
  pass();
  pass();
  EXPECT_EQ(clock.sleepers(), 0);
  EXPECT_EQ(gauge.looks, looks);
}

TEST_F(TreeLimitTest, WhoTakesMoreThanTheLimitEndsOnceAndOthersGoOn) {
  gauge.used = {{"/small/tree.upper", 4'000'000}, {"/large/tree.upper", 5'000'000}};
  const auto small = enter("small");
  const auto large = enter("large");
  EXPECT_EQ(ended, "");
  pass();
  pass();
  EXPECT_EQ(ended, "large: ended: its tree takes 5 MB of the disk, more than the limit of 4 MB\n");
  EXPECT_EQ(said, "hello/7, large ends: its tree takes 5 MB, and may take 4 MB\n");
}

TEST_F(TreeLimitTest, ALongLookIsFollowedByALongerPause) {
  gauge.takes = Milliseconds{2'000};
  const auto entry = enter("unit");
  pass();
  EXPECT_EQ(gauge.looks, 1);
  pass(Milliseconds{19'999});
  EXPECT_EQ(gauge.looks, 1);
  pass(Milliseconds{1});
  EXPECT_EQ(gauge.looks, 2);
}

TEST_F(TreeLimitTest, WhoEndedWhileItWasLookedAtIsLeftAlone) {
  gauge.used = {{"/unit/tree.upper", 5'000'000}};
  auto entry = enter("unit");
  gauge.meanwhile = [&] { entry.reset(); };
  pass();
  EXPECT_EQ(gauge.looks, 1);
  EXPECT_EQ(ended + said, "");
}

}  // namespace
}  // namespace quietgate
