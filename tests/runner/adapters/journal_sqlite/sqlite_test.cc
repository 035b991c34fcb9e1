#include "runner/adapters/journal_sqlite/sqlite.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace quietgate {
namespace {

class SqliteTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string made = testing::TempDir() + "quietgate-sqlite-XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/file.sqlite"; }
  std::string folder_;
};

TEST_F(SqliteTest, ATransactionThatCouldNotBeginHoldsNothing) {
  Database ours(path());
  ours.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  Database theirs(path());
  {
    Transaction transaction(theirs);
    try {
      Transaction refused(ours);
      FAIL() << "two write at once";
    } catch (const SqliteError& error) {
      EXPECT_EQ(error.code, SQLITE_BUSY);
    }
    EXPECT_EQ(ours.number("SELECT count(*) FROM t"), 1);
    theirs.execute("INSERT INTO t VALUES (2)");
    transaction.commit();
  }
  EXPECT_EQ(ours.number("SELECT count(*) FROM t"), 2) << "what it read before the refusal is let go";
  Transaction next(ours);
  ours.execute("INSERT INTO t VALUES (3)");
  next.commit();
  EXPECT_EQ(theirs.number("SELECT count(*) FROM t"), 3);
}

}  // namespace
}  // namespace quietgate
