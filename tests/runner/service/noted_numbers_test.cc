#include "runner/service/noted_numbers.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "tests/support/fake_clock.h"
#include "tests/support/folder.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

struct FakeNotes final : RemoteNotes {
  bool lost = false;
  Task<Result<void>> fetch_notes(GitRemote, std::string, Stop&) override {
    if (lost) co_return infrastructure_error("connection lost");
    co_return Result<void>{};
  }
};

class Numbers : public testing::Test {
 protected:
  Numbers() {
    auto opened = JournalSqlite::open(folder / "journal.sqlite", clock, io.get_executor());
    if (!opened) throw std::runtime_error(opened.error().message);
    journal = std::move(*opened);
    remote.repository = "hello";
  }
  TestFolder folder;
  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  std::unique_ptr<JournalSqlite> journal;
  BlockingPool pool{1};
  FakeNotes notes;
  GitRemote remote;
  Stop stop;
};

TEST_F(Numbers, AreHeldUntilTheRemoteHasToldItsNotes) {
  std::filesystem::create_directories(folder / "runs/hello/7");
  NotedNumbers numbers(folder.path, *journal, notes, pool);
  ASSERT_TRUE(numbers.hold("hello"));
  notes.lost = true;
  EXPECT_FALSE(run_task(io, numbers.learn(remote, stop)));
  auto next = journal->next_number("hello");
  ASSERT_FALSE(next);
  EXPECT_THAT(next.error().message, testing::HasSubstr("no run of hello can be numbered yet"));
  EXPECT_EQ(*journal->next_number("other"), 1);
  notes.lost = false;
  ASSERT_TRUE(run_task(io, numbers.learn(remote, stop)));
  EXPECT_EQ(*journal->next_number("hello"), 8);
  notes.lost = true;
  EXPECT_TRUE(run_task(io, numbers.learn(remote, stop))) << "once is enough";
}

TEST_F(Numbers, AreNotHeldWhereARunIsKnown) {
  ASSERT_TRUE(journal->append_now({RunRequested{{"hello", 7}, "main", "abc", "test"}}));
  NotedNumbers numbers(folder.path, *journal, notes, pool);
  ASSERT_TRUE(numbers.hold("hello"));
  EXPECT_EQ(*journal->next_number("hello"), 8);
}

}  // namespace
}  // namespace quietgate
