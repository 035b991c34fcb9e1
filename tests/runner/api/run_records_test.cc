#include "runner/api/run_records.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/fake_journal.h"
#include "tests/support/run_task.h"
#include "tests/support/slow_journal.h"

namespace quietgate {
namespace {

class RunRecordsTest : public testing::Test {
 protected:
  RunRecordsTest() {
    journal.add(RunRequested{run, "main", commit_a, "x"});
    journal.add(PlanCompiled{run, sample_plan(run)});
    journal.add(PromotionRequested{run, "ana", "now", false});
  }
  using Found = std::optional<Result<std::shared_ptr<RunRecords::Entry>>>;
  void ask(Found& answer) {
    const auto keep = [](RunRecords& of, RunId id, Found& kept) -> Task<void> { kept = co_await of.find(id); };
    spawn(io.get_executor(), keep(records, run, answer), [](std::exception_ptr error) { EXPECT_FALSE(error); });
  }

  boost::asio::io_context io;
  FakeJournal journal{io.get_executor()};
  SlowJournal slow{journal, io.get_executor(), 2};
  RunRecords records{slow};
  const RunId run{"hello", 1};
};

TEST_F(RunRecordsTest, WhoeverAsksBesideAnotherAddsNoRowTwice) {
  Found first;
  Found second;
  ask(first);
  ask(second);
  io.run();
  EXPECT_EQ((**first)->record.promotion_requests.size(), 1U);
  EXPECT_EQ((**second)->record.promotion_requests.size(), 1U);
  EXPECT_EQ(**first, **second) << "the same record";
}

TEST_F(RunRecordsTest, ARowThatCameWhileOthersWereReadIsReadByTheNext) {
  Found first;
  ask(first);
  for (int turn = 0; turn < 4; ++turn) io.run_one();  // its question is answered, and it does not know that yet
  journal.add(PromotionRequested{run, "ben", "now", false});
  io.run();
  EXPECT_EQ(run_task(io, records.find(run)).value()->record.promotion_requests.size(), 2U);
  EXPECT_EQ(run_task(io, records.find({"hello", 2})).value(), nullptr);
}

}  // namespace
}  // namespace quietgate
