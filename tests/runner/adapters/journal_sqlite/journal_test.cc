#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/adapters/journal_sqlite/sqlite.h"
#include "tests/support/fake_clock.h"

namespace quietgate {
namespace {

const RunId run{"hello", 1};

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::string name = testing::TempDir() + "/journalXXXXXX";
    folder = mkdtemp(name.data());
  }
  ~JournalTest() override { std::filesystem::remove_all(folder); }
  std::unique_ptr<JournalSqlite> open() {
    auto opened = JournalSqlite::open(path(), clock, io.get_executor());
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  std::string path() const { return folder + "/journal.sqlite"; }

  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  std::string folder;
};

TEST_F(JournalTest, GivesRowsBackInOrderAfterACursor) {
  auto journal = open();
  ASSERT_TRUE(journal->append_now({ServiceStarted{"1"}, RunRequested{run, "main", "abc", "test"}}));
  auto last = journal->append_now({CancelRequested{run, "ana", "stop"}});
  ASSERT_TRUE(last);
  EXPECT_EQ(*last, 3);
  auto rows = journal->read_now(1, 10, std::nullopt);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].sequence, 2);
  EXPECT_STREQ(type_of((*rows)[1].event), "CancelRequested");
  EXPECT_EQ((*rows)[0].at, clock.now());
  EXPECT_EQ(journal->read_now(0, 10, run)->size(), 2U);
  EXPECT_EQ(journal->read_now(0, 10, RunId{"hello", 2})->size(), 0U);
}

// What is answered from memory is what the file holds: whatever is asked for, also where the memory begins, and where a
// plan has emptied it.
TEST_F(JournalTest, TheNewestRowsAreThoseOfTheFile) {
  const RunId other{"hello", 2}, elsewhere{"world", 1};
  using Answers = std::vector<std::vector<std::pair<std::int64_t, std::string>>>;
  const auto answers_of = [&](JournalSqlite& journal) {
    Answers all;
    for (std::int64_t after = 0; after <= journal.last() + 1; ++after) {
      for (const auto& which : {std::optional<RunId>(), std::optional(run), std::optional(other),
                                std::optional(elsewhere), std::optional(RunId{"hello", 3})}) {
        for (const std::size_t limit : {0U, 1U, 2U, 7U, 100U}) {
          auto rows = journal.read_now(after, limit, which);
          if (!rows) throw std::runtime_error(rows.error().message);
          auto& answer = all.emplace_back();
          for (const auto& row : *rows) {
            answer.emplace_back(row.sequence, std::to_string(row.at.time_since_epoch().count()) + to_json(row.event));
          }
        }
      }
    }
    return all;
  };
  auto journal = open();
  for (int round = 0; round < 25; ++round) {
    const auto& of = round % 3 == 0 ? run : round % 3 == 1 ? other : elsewhere;
    const auto number = std::to_string(round);
    ASSERT_TRUE(journal->append_now({CancelRequested{of, "ana", number}, ServiceStarted{number},
                                     RefMoved{of.repository, "main", "", number, RefMoved::Kind::created}}));
    clock.advance(Milliseconds(1));
    if (round == 20) {
      ASSERT_TRUE(journal->append_now({PlanCompiled{run, {}}, CancelRequested{run, "ana", "plan"}}));
    }
    if (round % 6 != 2) continue;
    const auto live = answers_of(*journal);
    journal.reset();
    journal = open();  // with nothing in memory
    EXPECT_EQ(live, answers_of(*journal)) << "after round " << round;
  }
}

TEST_F(JournalTest, GoesOnWhereItWasWhenOpenedAgain) {
  ASSERT_TRUE(open()->append_now({RunRequested{run, "main", "abc", "test"}}));
  auto journal = open();
  EXPECT_EQ(journal->last(), 1);
  EXPECT_EQ(*journal->next_number("hello"), 2);
  ASSERT_EQ(journal->catalog().unfinished_runs_now()->size(), 1U);
  EXPECT_EQ((*journal->catalog().unfinished_runs_now())[0].commit, "abc");
}

TEST_F(JournalTest, ProjectsRunsBranchesAndEnvironments) {
  auto journal = open();
  EXPECT_FALSE(*journal->catalog().watched_now("hello"));
  ASSERT_TRUE(journal->append_now(
      {RepositoryWatched{"hello", "u"}, RefMoved{"hello", "main", "", "abc", RefMoved::Kind::created},
       RefMoved{"hello", "old", "", "aaa", RefMoved::Kind::created}, RunRequested{run, "main", "abc", "test"},
       PlanCompiled{run, {}},
       EnvironmentPlanned{"e1", run, "staging", "processes", false, Time{Milliseconds{9}}, {{"app", 81}}}}));
  EXPECT_TRUE(*journal->catalog().watched_now("hello"));
  EXPECT_EQ((*journal->catalog().environments_now())[0].ports.at("app"), 81);
  EXPECT_EQ((*journal->catalog().run_now(run))->status, RunStatus::running);
  ASSERT_TRUE(journal->append_now({RefMoved{"hello", "old", "aaa", "", RefMoved::Kind::deleted},
                                   EnvironmentNotDestroyed{"e1", run, "locked", 1},
                                   RunFinished{run, Outcome::failed, "load: slow"}}));
  EXPECT_EQ(*journal->catalog().branches_now("hello"), (std::map<std::string, CommitId>{{"main", "abc"}}));
  EXPECT_EQ((*journal->catalog().environments_now())[0].problem, "locked");
  EXPECT_EQ((*journal->catalog().run_now(run))->reason, "load: slow");
  EXPECT_TRUE(journal->catalog().unfinished_runs_now()->empty());
  EXPECT_EQ(*journal->catalog().last_run_commit_now("hello", "main"), "abc");
  ASSERT_TRUE(journal->append_now({EnvironmentDestroyed{"e1", run, "ended"}}));
  EXPECT_TRUE(journal->catalog().environments_now()->empty());
}

TEST_F(JournalTest, PagesRunsNewestFirst) {
  auto journal = open();
  for (int n = 1; n <= 5; ++n) ASSERT_TRUE(journal->append_now({RunRequested{{"hello", n}, "main", "c", "t"}}));
  auto page = journal->catalog().runs_now("", 2, 0);
  ASSERT_EQ(page->size(), 2U);
  EXPECT_EQ((*page)[0].id.number, 5);
  auto more = journal->catalog().runs_now("hello", 2, (*page)[1].first);
  ASSERT_EQ(more->size(), 2U);
  EXPECT_EQ((*more)[0].id.number, 3);
}

TEST_F(JournalTest, FindsAFlippedBit) {
  ASSERT_TRUE(open()->append_now({CancelRequested{run, "ana", "stop"}, ServiceStopped{"end"}}));
  {
    Database database(path());
    database.execute("UPDATE events SET payload = replace(payload, 'stop', 'stoq') WHERE sequence = 1");
  }
  auto rows = open()->read_now(0, 10, std::nullopt);
  ASSERT_FALSE(rows);
  EXPECT_NE(rows.error().message.find("row 1 of the journal is damaged"), std::string::npos) << rows.error().message;
}

// A service that lost its lock to another finds that its next row was written by that one.
TEST_F(JournalTest, RefusesAWriterThatAnotherHasOvertaken) {
  auto stale = open();
  auto newer = open();
  ASSERT_TRUE(newer->append_now({ServiceStarted{"2"}}));
  const auto refused = stale->append_now({ServiceStopped{"1"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the journal can't be written: another quietgate has written to it meanwhile");
  ASSERT_TRUE(newer->append_now({ServiceStopped{"2"}}));
  EXPECT_EQ(newer->read_now(0, 10, std::nullopt)->size(), 2U);
}

TEST_F(JournalTest, RefusesAFileThatIsNoJournal) {
  std::ofstream(path()) << "this is not a database, but it is long enough to be looked at as one";
  auto opened = JournalSqlite::open(path(), clock, io.get_executor());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("not a database"), std::string::npos) << opened.error().message;
  std::filesystem::remove(path());
  Database(path()).execute("CREATE TABLE other (x)");
  auto foreign = JournalSqlite::open(path(), clock, io.get_executor());
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().message.find("not a quietgate journal"), std::string::npos);
}

TEST_F(JournalTest, RefusesANewerSchemaAndLeavesItAlone) {
  open();
  Database(path()).execute("PRAGMA user_version = 99");
  auto opened = JournalSqlite::open(path(), clock, io.get_executor());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("newer quietgate (schema 99"), std::string::npos);
  EXPECT_EQ(Database(path()).number("PRAGMA user_version"), 99);
}

TEST_F(JournalTest, AFullDiskLosesNothingAndSaysSo) {
  const auto disk = folder + "/disk";
  std::filesystem::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=512k") != 0)
    GTEST_SKIP() << "SKIPPED: mounting a small disk needs root";
  struct Unmount {
    std::string at;
    ~Unmount() { umount2(at.c_str(), MNT_DETACH); }
  } unmount{disk};
  auto opened = JournalSqlite::open(disk + "/journal.sqlite", clock, io.get_executor());
  ASSERT_TRUE(opened) << opened.error().message;
  auto& journal = **opened;
  std::optional<Error> refusal;
  std::int64_t good = 0;
  for (int i = 0; i < 1000 && !refusal; ++i) {
    auto appended = journal.append_now({CancelRequested{run, "ana", std::string(4096, 'x')}});
    if (appended)
      good = *appended;
    else
      refusal = appended.error();
  }
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->message.find("full"), std::string::npos) << refusal->message;
  EXPECT_NE(refusal->advice.find("free space"), std::string::npos);
  EXPECT_EQ(journal.last(), good);
  EXPECT_EQ(static_cast<std::int64_t>(journal.read_now(0, 2000, std::nullopt)->size()), good);
}

// Rows in a file that nobody finds would be promises that nobody keeps.
TEST_F(JournalTest, OneThatWasTakenAwayIsNotWritten) {
  for (const std::string suffix : {"", "-wal"}) {
    auto journal = open();
    ASSERT_TRUE(journal->append_now({ServiceStarted{"1"}}));
    std::filesystem::rename(path() + suffix, path() + suffix + ".away");
    auto refused = journal->append_now({ServiceStopped{"x"}});
    ASSERT_FALSE(refused) << suffix;
    EXPECT_NE(refused.error().message.find("was removed or replaced"), std::string::npos);
    EXPECT_FALSE(journal->probe()) << "it is not ready either";
    std::ofstream(path() + suffix) << "another";
    EXPECT_FALSE(journal->append_now({ServiceStopped{"x"}})) << suffix;
    std::filesystem::rename(path() + suffix + ".away", path() + suffix);
    EXPECT_TRUE(journal->append_now({ServiceStopped{"x"}})) << suffix;
  }
}

TEST_F(JournalTest, NumbersStartAboveThoseThatWereUsed) {
  auto journal = open();
  journal->number_above("hello", 7);
  journal->number_above("hello", 3);
  EXPECT_EQ(*journal->next_number("hello"), 8);
  ASSERT_TRUE(journal->append_now({RunRequested{{"hello", 8}, "main", "abc", "test"}}));
  EXPECT_EQ(*journal->next_number("hello"), 9);
  EXPECT_EQ(*journal->next_number("other"), 1);
}

// A probe writes a page and nothing that anybody could read.
TEST_F(JournalTest, AProbeTellsWhetherARowCouldBeWritten) {
  auto journal = open();
  ASSERT_TRUE(journal->append_now({ServiceStarted{"1"}}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(journal->probe().ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto probed = journal->probe();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(probed.ok());
  EXPECT_EQ(probed.error().message.rfind("the journal can't be written: ", 0), 0U) << probed.error().message;
  EXPECT_TRUE(journal->probe().ok()) << "it goes on when there is space again";
  EXPECT_EQ(journal->last(), 1);
  journal = nullptr;
  EXPECT_EQ(open()->read_now(0, 10, std::nullopt)->size(), 1U);
}

}  // namespace
}  // namespace quietgate
