#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "runner/adapters/journal_sqlite/journal_care.h"
#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/adapters/journal_sqlite/sqlite.h"
#include "tests/support/fake_clock.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

class JournalArchive : public testing::Test {
 protected:
  JournalArchive() {
    std::string name = testing::TempDir() + "/journalXXXXXX";
    folder = mkdtemp(name.data());
    path = folder + "/journal.sqlite";
    journal = std::move(JournalSqlite::open(path, clock, io.get_executor()).value());
  }
  ~JournalArchive() override { std::filesystem::remove_all(folder); }

  void run(const std::string& repository, int number, const std::string& branch, bool promoted = false) {
    const RunId id{repository, number};
    std::vector<Event> events{RefMoved{repository, branch, "", "c", RefMoved::Kind::created},
                              RunRequested{id, branch, "c", "main moved"}};
    if (promoted) events.push_back(CommitPromoted{id, "production", "production", "", "c"});
    events.push_back(RunFinished{id, Outcome::passed, ""});
    ASSERT_TRUE(journal->append_now(events));
  }
  std::string expired(const RetentionRule& rule) {
    std::string text;
    for (const auto& id : run_task(io, journal->archive().expired(rule, clock.now(), 100)).value())
      text += to_string(id) + " ";
    return text;
  }

  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  std::string folder;
  std::string path;
  std::unique_ptr<JournalSqlite> journal;
};

TEST_F(JournalArchive, TheNewestOfEachRepositoryStay) {
  for (int number = 1; number <= 5; ++number) run("one", number, "main");
  for (int number = 1; number <= 2; ++number) run("two", number, "main");
  EXPECT_EQ(expired({2, Milliseconds{0}, 1}), "one/1 one/2 one/3 ");
  EXPECT_EQ(expired({1, Milliseconds{0}, 1}), "one/1 one/2 one/3 one/4 two/1 ");
  EXPECT_EQ(expired({0, Milliseconds{0}, 1}), "");
}

TEST_F(JournalArchive, AgeCountsFromTheEnd) {
  run("one", 1, "main");
  clock.advance(Milliseconds{10'000});
  run("one", 2, "main");
  run("one", 3, "main");
  EXPECT_EQ(expired({0, Milliseconds{20'000}, 1}), "");
  EXPECT_EQ(expired({0, Milliseconds{5'000}, 1}), "one/1 ");
  clock.advance(Milliseconds{10'000});
  EXPECT_EQ(expired({0, Milliseconds{5'000}, 1}), "one/1 one/2 ") << "the newest stays however old it is";
}

TEST_F(JournalArchive, WhatIsNeededStays) {
  run("one", 1, "main", true);
  run("one", 2, "main", true);
  run("one", 3, "feature");
  run("one", 4, "gone");
  ASSERT_TRUE(journal->append_now({RefMoved{"one", "gone", "c", "", RefMoved::Kind::deleted}}));
  const RunId open{"one", 5};
  ASSERT_TRUE(journal->append_now({RunRequested{open, "main", "c", "main moved"}}));
  const RunId lives{"one", 6};
  ASSERT_TRUE(journal->append_now({RunRequested{lives, "main", "c", "main moved"},
                                   EnvironmentPlanned{"one-release", lives, "release", "processes", true, Time{}, {}},
                                   RunFinished{lives, Outcome::passed, ""}}));
  run("one", 7, "main");
  EXPECT_EQ(expired({1, Milliseconds{0}, 1}), "one/1 one/4 ");
  EXPECT_EQ(expired({1, Milliseconds{0}, 2}), "one/4 ");
}

TEST_F(JournalArchive, ARunStaysUntilItsEvidenceIsAttached) {
  for (int number = 1; number <= 4; ++number) run("one", number, "main", true);
  ASSERT_TRUE(journal->append_now({EvidenceSealed{{"one", 1}, "production", "c", "an envelope"}}));
  EXPECT_EQ(expired({1, Milliseconds{0}, 1}), "one/2 one/3 ");
  ASSERT_TRUE(journal->append_now({EvidencePublished{{"one", 1}, "production", "c"}}));
  EXPECT_EQ(expired({1, Milliseconds{0}, 1}), "one/1 one/2 one/3 ");
}

TEST_F(JournalArchive, AnExpiredRunLeavesOneRowThatAccountsForIt) {
  run("one", 1, "main");
  run("one", 2, "main");
  ASSERT_TRUE(run_task(io, journal->archive().expire({"one", 1})));
  ASSERT_TRUE(run_task(io, journal->archive().expire({"one", 1}))) << "it is gone already";
  EXPECT_FALSE(journal->catalog().run_now({"one", 1}).value());
  EXPECT_EQ(journal->next_number("one").value(), 3);
  const auto rows = journal->read_now(0, 100, std::nullopt).value();
  ASSERT_EQ(rows.size(), 5u);
  const auto& told = std::get<RunExpired>(rows.back().event);
  ASSERT_EQ(told.rows.size(), 1u);
  EXPECT_EQ(told.rows[0].from, 2);
  EXPECT_EQ(told.rows[0].to, 3);
  EXPECT_EQ(rows.back().sequence, 7);
  const auto health = examine_journal(path);
  ASSERT_TRUE(health);
  EXPECT_TRUE(health->whole()) << (health->problems.empty() ? "" : health->problems.front());
  journal.reset();
  Database(path).execute("DELETE FROM events WHERE sequence = 5");
  const auto worse = examine_journal(path);
  ASSERT_EQ(worse->lost.size(), 1u) << "that one nobody accounts for";
  EXPECT_EQ(worse->lost[0].from, 5);
}

}  // namespace
}  // namespace quietgate
