#include "runner/base/blocking_pool.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <optional>
#include <stdexcept>

namespace quietgate {
namespace {

using Work = std::function<int(const std::atomic<bool>&)>;

// Ends when it is told to: how long it runs is up to the test, never to a clock.
struct Blocked {
  std::promise<void> begun;
  std::promise<void> ended;
  int operator()(const std::atomic<bool>& stop) {
    begun.set_value();
    while (!stop.load()) std::this_thread::yield();
    ended.set_value();
    return 0;
  }
};

Task<void> keep(BlockingPool& pool, Work work, Stop& stop, std::optional<int>& answer) {
  answer = co_await pool.run<int>(std::move(work), stop);
}

class BlockingPoolTest : public ::testing::Test {
 protected:
  void start(Work work, std::optional<int>& answer) {
    spawn(loop.get_executor(), keep(pool, std::move(work), stop, answer), [this](std::exception_ptr error) {
      ++ended;
      thrown = std::move(error);
    });
  }
  boost::asio::io_context loop;
  BlockingPool pool{2};
  Stop stop;
  int ended = 0;
  std::exception_ptr thrown;
};

TEST_F(BlockingPoolTest, AnswersOnTheCallersThread) {
  std::optional<int> answer;
  auto loop_thread = std::this_thread::get_id();
  std::thread::id work_thread;
  start([&work_thread](const std::atomic<bool>&) { return work_thread = std::this_thread::get_id(), 42; }, answer);
  loop.run();
  EXPECT_EQ(answer, 42);
  EXPECT_NE(work_thread, loop_thread);
  EXPECT_EQ(thrown, nullptr);
}

TEST_F(BlockingPoolTest, ManyCallsAllComplete) {
  std::vector<std::optional<int>> answers(500);
  for (int i = 0; i < 500; ++i) start([i](const std::atomic<bool>&) { return i; }, answers[i]);
  loop.run();
  for (int i = 0; i < 500; ++i) EXPECT_EQ(answers[i], i);
  EXPECT_EQ(ended, 500);
}

TEST_F(BlockingPoolTest, RethrowsWhatTheWorkThrew) {
  std::optional<int> answer;
  start([](const std::atomic<bool>&) -> int { throw std::runtime_error("no"); }, answer);
  loop.run();
  EXPECT_THROW(std::rethrow_exception(thrown), std::runtime_error);
}

TEST_F(BlockingPoolTest, StopThrowsBeforeTheWorkHasEnded) {
  std::promise<void> begun;
  std::promise<void> release;
  auto released = release.get_future().share();
  std::optional<int> answer;
  start([&begun, released](const std::atomic<bool>&) { return begun.set_value(), released.wait(), 1; }, answer);
  loop.poll();
  begun.get_future().wait();
  stop.request(StopReason::cancel, "cancelled by ana");
  loop.run();  // ends although the work has not
  release.set_value();
  ASSERT_TRUE(thrown);
  try {
    std::rethrow_exception(thrown);
  } catch (const Stopped& stopped) {
    EXPECT_EQ(stopped.cause, "cancelled by ana");
  }
  EXPECT_FALSE(answer);
}

TEST_F(BlockingPoolTest, WorkThatWasStoppedInTheQueueNeverBegins) {
  auto first = std::make_shared<Blocked>();
  auto second = std::make_shared<Blocked>();
  std::atomic<bool> ran = false;
  std::optional<int> answer;
  start([first](const std::atomic<bool>& flag) { return (*first)(flag); }, answer);
  start([second](const std::atomic<bool>& flag) { return (*second)(flag); }, answer);
  start([&ran](const std::atomic<bool>&) { return ran = true, 1; }, answer);
  loop.poll();
  first->begun.get_future().wait();
  second->begun.get_future().wait();
  stop.request(StopReason::shutdown, "stopping");
  loop.run();
  first->ended.get_future().wait();
  second->ended.get_future().wait();
  EXPECT_EQ(ended, 3);
  EXPECT_FALSE(ran);
}

TEST(BlockingPoolEnds, DestroyingTheLoopTellsTheWorkToStop) {
  auto blocked = std::make_shared<Blocked>();
  Stop stop;
  BlockingPool pool(1);
  std::optional<int> answer;
  {
    boost::asio::io_context loop;
    Work work = [blocked](const std::atomic<bool>& flag) { return (*blocked)(flag); };
    spawn(loop.get_executor(), keep(pool, std::move(work), stop, answer), [](std::exception_ptr) {});
    loop.poll();
    blocked->begun.get_future().wait();
  }
  blocked->ended.get_future().wait();
}

TEST(BlockingPoolEnds, DestroyingThePoolTellsTheWorkToStop) {
  auto blocked = std::make_shared<Blocked>();
  Stop stop;
  boost::asio::io_context loop;
  std::optional<int> answer;
  {
    BlockingPool pool(1);
    Work work = [blocked](const std::atomic<bool>& flag) { return (*blocked)(flag); };
    spawn(loop.get_executor(), keep(pool, std::move(work), stop, answer), [](std::exception_ptr) {});
    loop.poll();
    blocked->begun.get_future().wait();
  }
  loop.run();
  EXPECT_EQ(answer, 0);
}

}  // namespace
}  // namespace quietgate
