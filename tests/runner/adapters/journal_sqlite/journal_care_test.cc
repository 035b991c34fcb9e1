#include "runner/adapters/journal_sqlite/journal_care.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "runner/adapters/journal_sqlite/journal_pages.h"
#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/adapters/journal_sqlite/sqlite.h"
#include "tests/support/fake_clock.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class JournalCare : public testing::Test {
 protected:
  JournalCare() {
    std::string name = testing::TempDir() + "/journalXXXXXX";
    folder = mkdtemp(name.data());
    path = folder + "/journal.sqlite";
  }
  ~JournalCare() override { fs::remove_all(folder); }

  std::unique_ptr<JournalSqlite> open() {
    auto opened = JournalSqlite::open(path, clock, io.get_executor());
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  // Runs that ended, and one that is under way; some rows are larger than a page.
  void fill(int runs) {
    auto journal = open();
    for (int number = 1; number <= runs; ++number) {
      const RunId run{"hello", number};
      ASSERT_TRUE(journal->append_now({RunRequested{run, "main", std::string(40, 'a'), "main moved"}}));
      ASSERT_TRUE(
          journal->append_now({PlanRejected{run, std::string(static_cast<std::size_t>(number) * 997 % 14'000, 'x')}}));
      if (number == runs) continue;
      ASSERT_TRUE(journal->append_now({RunFinished{run, Outcome::passed, ""}}));
    }
    ASSERT_TRUE(journal->append_now(
        {EnvironmentPlanned{"hello-1-staging", RunId{"hello", runs}, "staging", "processes", false, Time{}, {}}}));
  }
  void checkpoint() const { Database(path).execute("PRAGMA wal_checkpoint(TRUNCATE)"); }
  std::set<std::int64_t> found() const {
    std::set<std::int64_t> sequences;
    EXPECT_TRUE(find_rows(path, [&](const FoundRow& row) { sequences.insert(row.sequence); }));
    return sequences;
  }
  void damage(std::uintmax_t offset, std::size_t count) const {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << std::string(count, '\x5a');
  }
  std::vector<Row> rows() {
    auto read = open()->read_now(0, 100'000, std::nullopt);
    EXPECT_TRUE(read) << read.error().message;
    return read ? *read : std::vector<Row>();
  }
  static std::int64_t count(const std::vector<LostRows>& all) {
    std::int64_t sum = 0;
    for (const auto& each : all) sum += each.rows.to - each.rows.from + 1;
    return sum;
  }

  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  std::string folder;
  std::string path;
};

TEST_F(JournalCare, FindsNothingWrongWithAGoodOne) {
  fill(50);
  const auto health = examine_journal(path);
  ASSERT_TRUE(health);
  EXPECT_TRUE(health->whole()) << (health->problems.empty() ? "" : health->problems.front());
  EXPECT_EQ(health->rows, 150);
  EXPECT_EQ(health->last, 150);
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair);
  EXPECT_FALSE(repair->changed);
}

TEST_F(JournalCare, FindsEveryRowWithoutSqlitesHelp) {
  fill(60);
  EXPECT_EQ(found().size(), 180u) << "some of them are only in the write-ahead log";
  checkpoint();
  EXPECT_EQ(found().size(), 180u);
}

TEST_F(JournalCare, TakesNothingThatWasNotCommitted) {
  fill(3);
  auto journal = open();  // keeps the log from being folded in
  const auto log = path + "-wal";
  const auto before = found();
  ASSERT_TRUE(journal->append_now({ServiceStopped{"end"}}));
  ASSERT_EQ(found().size(), before.size() + 1);
  fs::resize_file(log, fs::file_size(log) - 4096 / 2);  // torn inside the frame that commits
  EXPECT_EQ(found(), before);
}

TEST_F(JournalCare, ADamagedRowIsToldAndItsRunEnds) {
  fill(4);
  checkpoint();
  Database(path).execute(
      "UPDATE events SET payload = replace(payload, 'main moved', 'main mOved') WHERE sequence = 10");
  const auto health = examine_journal(path);
  ASSERT_TRUE(health);
  EXPECT_FALSE(health->whole());
  EXPECT_THAT(health->problems.front(), HasSubstr("row 10 of the journal is damaged"));
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_TRUE(repair->changed);
  EXPECT_EQ(count(repair->lost), 1);
  EXPECT_TRUE(fs::exists(repair->kept_as));
  const auto after = rows();
  ASSERT_EQ(after.size(), 12u);
  EXPECT_EQ(std::string(type_of(after[9].event)), "RowsLost");
  EXPECT_TRUE(examine_journal(path)->whole());
  EXPECT_EQ(open()->catalog().environments_now()->size(), 1u) << "what lives is still known";
}

TEST_F(JournalCare, ARunUnderWayOverALostRowEndsAsAnError) {
  fill(4);
  checkpoint();
  Database(path).execute("UPDATE events SET payload = replace(payload, 'x', 'y') WHERE sequence = 11");
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair);
  ASSERT_EQ(repair->ended.size(), 1u);
  const auto run = open()->catalog().run_now({"hello", 4});
  ASSERT_TRUE(run && *run);
  EXPECT_EQ((*run)->outcome, Outcome::error);
  EXPECT_THAT((*run)->reason, HasSubstr("rows of the journal were lost"));
}

TEST_F(JournalCare, ADamagedTailIsCountedByItsIndex) {
  fill(4);
  checkpoint();
  Database(path).execute("UPDATE events SET payload = payload || ' ' WHERE sequence >= 10");
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_EQ(repair->rows, 9);
  ASSERT_EQ(repair->lost.size(), 1u);
  EXPECT_EQ(repair->lost.front().rows.from, 10);
  EXPECT_EQ(repair->lost.front().rows.to, 12);
  EXPECT_EQ(repair->lost.front().runs, std::set<RunId>({{"hello", 4}}));
  const auto after = rows();
  ASSERT_EQ(after.size(), 10u);
  EXPECT_EQ(std::get<RowsLost>(after.back().event).runs, std::vector<RunId>({{"hello", 4}}));
  EXPECT_TRUE(examine_journal(path)->whole());
  auto journal = open();
  EXPECT_EQ(*journal->append_now({ServiceStarted{"1"}}), 13) << "a number of a lost row is not given again";
}

TEST_F(JournalCare, ATailThatIsGoneIsKnownByFoldersOfRuns) {
  fill(4);
  fs::create_directories(folder + "/runs/hello/3/unit.1");  // of a run that ended
  fs::create_directories(folder + "/runs/hello/5/unit.1");
  fs::create_directories(folder + "/runs/hello/4/unit.2");
  fs::create_directories(folder + "/runs/hello/4/checkout");
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair) << repair.error().message;
  ASSERT_EQ(repair->lost.size(), 1u);
  EXPECT_EQ(repair->lost.front().rows.from, 13);
  EXPECT_EQ(repair->lost.front().runs, std::set<RunId>({{"hello", 4}, {"hello", 5}}));
  EXPECT_EQ(repair->ended, std::vector<RunId>({{"hello", 4}}));
  EXPECT_FALSE(repair_journal(path, clock.now())->changed);
}

TEST_F(JournalCare, AFileThatWasCutHasLostRows) {
  fill(60);
  checkpoint();
  fs::resize_file(path, fs::file_size(path) / 2);
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_FALSE(repair->lost.empty());
  EXPECT_TRUE(examine_journal(path)->whole());
}

TEST_F(JournalCare, MissingIndicesAndProjectionsAreMadeAnew) {
  fill(5);
  Database(path).execute("DROP INDEX runs_by_first; DROP INDEX events_of_run; DROP TABLE environments");
  const auto health = examine_journal(path);
  ASSERT_TRUE(health);
  EXPECT_EQ(health->problems.size(), 3u);
  EXPECT_EQ(open()->catalog().environments_now()->size(), 1u);
  EXPECT_TRUE(examine_journal(path)->whole());
  Database(path).execute("UPDATE runs SET outcome = 'failed' WHERE number = 2");
  EXPECT_THAT(examine_journal(path)->problems.front(), HasSubstr("runs: hello/2 does not match its rows"));
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair);
  EXPECT_EQ(repair->rows, 15);
  EXPECT_EQ(open()->catalog().run_now({"hello", 2}).value()->outcome, Outcome::passed);
}

// Bytes anywhere in the file are destroyed; every row whose page and overflow pages still hold is kept.
TEST_F(JournalCare, AnyDamageCostsNoGoodRow) {
  fill(40);
  checkpoint();
  const auto size = fs::file_size(path);
  fs::copy_file(path, folder + "/good");
  std::mt19937 random(7);
  int mended = 0;
  for (int round = 0; round < 40; ++round) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename() != "good") fs::remove(entry.path());
    }
    fs::copy_file(folder + "/good", path);
    damage(round == 0 ? 0 : random() % size, round % 3 == 0 ? 6000 : 1 + random() % 40);
    const auto still = found();
    const auto health = examine_journal(path);
    if (health && health->whole()) continue;  // it hit what nobody reads
    const auto repair = repair_journal(path, clock.now());
    ASSERT_TRUE(repair) << round << ": " << repair.error().message;
    std::set<std::int64_t> kept;
    for (const auto& row : rows()) kept.insert(row.sequence);
    for (const auto sequence : still) ASSERT_TRUE(kept.contains(sequence)) << round << ": row " << sequence;
    ASSERT_TRUE(examine_journal(path)->whole()) << round;
    ++mended;
  }
  EXPECT_GT(mended, 20) << "too few rounds hit anything";
}

TEST_F(JournalCare, AnInterruptedRepairIsToldAndFinished) {
  fill(4);
  checkpoint();
  fs::copy_file(path, path + ".repaired");
  fs::rename(path, path + ".damaged-x");
  auto opened = JournalSqlite::open(path, clock, io.get_executor());
  ASSERT_FALSE(opened) << "an empty journal in its place would forget everything";
  EXPECT_THAT(opened.error().message, HasSubstr("was interrupted"));
  const auto repair = repair_journal(path, clock.now());
  ASSERT_TRUE(repair);
  EXPECT_TRUE(repair->changed);
  EXPECT_EQ(rows().size(), 12u);
}

TEST_F(JournalCare, ABackupIsMadeBesideAServiceAndCanBeRestored) {
  fill(20);
  auto journal = open();
  const auto to = folder + "/backup.sqlite";
  const auto copied = backup_journal(path, to);
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->rows, 60);
  ASSERT_TRUE(journal->append_now({ServiceStopped{"later"}}));
  const auto again = backup_journal(path, to);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("exists already"));
  journal.reset();
  for (const auto* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix);
  fs::copy_file(to, path);
  EXPECT_EQ(rows().size(), 60u);
  EXPECT_EQ(fs::exists(to + ".partial"), false);
}

TEST_F(JournalCare, ADamagedJournalGivesNoBackup) {
  fill(5);
  checkpoint();
  Database(path).execute("UPDATE events SET payload = replace(payload, 'x', 'y') WHERE sequence = 5");
  const auto copied = backup_journal(path, folder + "/backup.sqlite");
  ASSERT_FALSE(copied);
  EXPECT_THAT(copied.error().message, HasSubstr("would not be whole"));
  EXPECT_FALSE(fs::exists(folder + "/backup.sqlite"));
  EXPECT_FALSE(fs::exists(folder + "/backup.sqlite.partial"));
}

TEST_F(JournalCare, WhatIsNoJournalIsLeftAlone) {
  std::ofstream(path) << "this is no database, and it is long enough to be looked at by anybody who wants to know";
  EXPECT_FALSE(repair_journal(path, clock.now()));
  EXPECT_TRUE(fs::exists(path));
  EXPECT_FALSE(examine_journal(folder + "/nowhere"));
}

}  // namespace
}  // namespace quietgate
