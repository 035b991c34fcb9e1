#include "runner/engine/upkeep/low_water.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/fake_clock.h"

namespace quietgate {
namespace {

struct FakeGauge final : DiskGauge {
  DiskSpace now{100ULL << 30, 200ULL << 30};
  std::map<std::string, std::uint64_t> used;
  int looks = 0;
  Result<DiskSpace> space() override {
    ++looks;
    return now;
  }
  Task<std::vector<std::uint64_t>> use_of(std::vector<std::string> folders, Stop&) override {
    std::vector<std::uint64_t> bytes;
    for (const auto& folder : folders) bytes.push_back(used[folder]);
    co_return bytes;
  }
};

struct LowWaterTest : ::testing::Test {
  LowWaterTest() {
    spawn(io.get_executor(), water.watch(stop), [](std::exception_ptr) {});
    settle();
  }
  ~LowWaterTest() override {
    stop.request(StopReason::shutdown, "the test ends");
    io.restart();
    io.poll();
  }
  void settle() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  void pass(Milliseconds span = Milliseconds{2'000}) {
    clock.advance(span);
    settle();
  }
  LowWater::Entry enter(const std::string& name) {
    auto entry = water.enter(
        {"hello/7, " + name, "/" + name, [this, name](const std::string& why) { ended += name + ": " + why + "\n"; }});
    settle();
    return entry;
  }

  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  FakeGauge gauge;
  Stop stop;
  std::string said;
  std::string ended;
  LowWater water{gauge, clock,   io.get_executor(),
                 {},    "/data", [this](const std::string& line) { said += line + "\n"; }};
};

TEST_F(LowWaterTest, NobodyLooksWhileNothingRuns) {
  pass();
  EXPECT_EQ(clock.sleepers(), 0);
  EXPECT_EQ(gauge.looks, 0);
  const auto entry = enter("unit");
  EXPECT_EQ(gauge.looks, 1);
}

TEST_F(LowWaterTest, WhoHasWrittenMostEndsAndItIsTold) {
  gauge.used = {{"/small", 5'000'000}, {"/large", 3'200'000'000}};
  const auto small = enter("small");
  const auto large = enter("large");
  pass();
  EXPECT_EQ(ended, "");
  gauge.now.free = 900'000'000;
  pass();
  EXPECT_EQ(ended, "large: ended: the disk of /data has 900 MB left, and it has written most: 3.2 GB\n");
  EXPECT_EQ(said, "hello/7, large ends: it has written 3.2 GB, and the disk of /data has 900 MB left\n");
}

TEST_F(LowWaterTest, AnotherEndsOnlyWhenTheFirstIsGoneAndTheDiskStillFull) {
  gauge.used = {{"/small", 2'000'000'000}, {"/large", 3'000'000'000}};
  const auto small = enter("small");
  {
    const auto large = enter("large");
    gauge.now.free = 1'000;
    pass();
    ended.clear();
    pass();
    EXPECT_EQ(ended, "");
  }
  pass();
  EXPECT_NE(ended.find("small: ended: the disk of /data has 0 MB left"), std::string::npos) << ended;
}

TEST_F(LowWaterTest, NobodyEndsWhoCanNotGiveBackEnough) {
  const std::string told =
      "the disk of /data has 900 MB left, 174 MB less than `keep_free`, and no attempt can free enough: the largest "
      "has written 100 MB; no attempt is ended: free some space, or keep fewer runs: see `retention`\n";
  gauge.used = {{"/small", 0}, {"/large", 100'000'000}};
  const auto small = enter("small");
  const auto large = enter("large");
  gauge.now.free = 900'000'000;
  pass(Milliseconds{10'000});
  pass(Milliseconds{10'000});
  EXPECT_EQ(ended, "");
  EXPECT_EQ(said, told) << "once";
  said.clear();
  gauge.now.free = 2'000'000'000;
  pass(Milliseconds{10'000});
  EXPECT_EQ(said, "the disk of /data has 2.0 GB left again\n");
  said.clear();
  gauge.now.free = 900'000'000;
  pass(Milliseconds{10'000});
  EXPECT_EQ(said, told);
  gauge.used["/large"] = 200'000'000;
  pass(Milliseconds{10'000});
  EXPECT_NE(ended.find("large: ended: "), std::string::npos) << ended;
}

TEST_F(LowWaterTest, NobodyEndsForLessThanAMebibyte) {
  gauge.used = {{"/unit", 1'000'000}};
  const auto entry = enter("unit");
  gauge.now.free = (1ULL << 30) - 1;
  pass(Milliseconds{10'000});
  EXPECT_EQ(ended, "");
  gauge.used = {{"/unit", 1ULL << 20}};
  pass(Milliseconds{10'000});
  EXPECT_NE(ended, "");
}

TEST_F(LowWaterTest, TheMarkIsTheSmallerOfBytesAndShare) {
  gauge.used = {{"/unit", 1ULL << 30}};
  const auto entry = enter("unit");
  gauge.now = {900ULL << 20, 10ULL << 30};  // 5 % are 512 MiB
  pass();
  EXPECT_EQ(ended, "");
  gauge.now.free = 500ULL << 20;
  pass();
  EXPECT_NE(ended, "");
}

}  // namespace
}  // namespace quietgate
