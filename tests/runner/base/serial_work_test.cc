#include "runner/base/serial_work.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <vector>

namespace quietgate {
namespace {

struct Section {
  SerialWork work;
  Bell bell;
  std::vector<int> seen;
  int inside = 0;
};

Task<void> pass(Section& section, int who) {
  const auto alone = co_await section.work.lock();
  EXPECT_EQ(++section.inside, 1);
  section.seen.push_back(who);
  Stop never;
  co_await section.bell.wait(section.bell.rings(), never);
  --section.inside;
}

TEST(SerialWork, LetsOneAfterTheOtherThroughInTheirOrder) {
  boost::asio::io_context io;
  Section section{SerialWork(io.get_executor()), Bell(io.get_executor()), {}};
  const auto settle = [&io] {
    io.restart();
    while (io.poll() > 0) io.restart();
  };
  for (int who = 1; who <= 3; ++who)
    spawn(io.get_executor(), pass(section, who), [](std::exception_ptr error) { EXPECT_FALSE(error); });
  settle();
  EXPECT_EQ(section.seen, (std::vector<int>{1}));
  section.bell.ring();
  settle();
  EXPECT_EQ(section.seen, (std::vector<int>{1, 2}));
  section.bell.ring();
  settle();
  section.bell.ring();
  settle();
  EXPECT_EQ(section.seen, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(section.inside, 0);
}

TEST(SerialWork, CostsNoWaitWhileNobodyIsInside) {
  boost::asio::io_context io;
  SerialWork work(io.get_executor());
  int passed = 0;
  const auto twice = [](SerialWork& of, int& count) -> Task<void> {
    for (int i = 0; i < 2; ++i) {
      const auto alone = co_await of.lock();
      ++count;
    }
  };
  spawn(io.get_executor(), twice(work, passed), [](std::exception_ptr error) { EXPECT_FALSE(error); });
  io.run_one();
  EXPECT_EQ(passed, 2) << "in one turn of the loop";
}

TEST(SerialWork, WhatIsBegunWaitsForItsTurnAndIsWaitedFor) {
  boost::asio::io_context io;
  Section section{SerialWork(io.get_executor()), Bell(io.get_executor()), {}};
  const auto settle = [&io] {
    io.restart();
    while (io.poll() > 0) io.restart();
  };
  spawn(io.get_executor(), pass(section, 1), [](std::exception_ptr error) { EXPECT_FALSE(error); });
  settle();
  bool begun = false;
  section.work.begin([&begun]() -> Task<void> {
    return [](bool& done) -> Task<void> {
      done = true;
      co_return;
    }(begun);
  });
  bool idle = false;
  spawn(io.get_executor(), section.work.idle(), [&idle](std::exception_ptr) { idle = true; });
  settle();
  EXPECT_FALSE(begun) << "somebody is inside";
  EXPECT_FALSE(idle);
  section.bell.ring();
  settle();
  EXPECT_TRUE(begun);
  EXPECT_TRUE(idle);
}

}  // namespace
}  // namespace quietgate
