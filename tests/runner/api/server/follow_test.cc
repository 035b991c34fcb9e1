#include "runner/api/server/follow.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <set>

#include "tests/support/fake_journal.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

struct ScratchedJournal final : FakeJournal {
  using FakeJournal::FakeJournal;
  std::set<std::int64_t> damaged;
  Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit, std::optional<RunId> run) override {
    auto found = FakeJournal::read_now(after, limit, std::move(run));
    for (const auto& row : found ? *found : std::vector<Row>{}) {
      if (damaged.contains(row.sequence)) return infrastructure_error("damaged");
    }
    return found;
  }
};

TEST(FollowedJournal, ADamagedRowIsSteppedOverAndCounted) {
  boost::asio::io_context io;
  ScratchedJournal journal(io.get_executor());
  FollowedJournal followed(io.get_executor(), journal);
  for (int i = 0; i < 6; ++i) journal.add(ServiceStarted{std::to_string(i)});
  journal.damaged = {3, 6};
  std::vector<std::int64_t> seen;
  for (int calls = 0; calls < 10 && followed.behind(); ++calls) {
    auto rows = run_task(io, followed.take_up());
    ASSERT_TRUE(rows.ok());
    for (const auto& row : *rows) seen.push_back(row.sequence);
  }
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 4, 5}));
  EXPECT_EQ(followed.damaged(), 2);
  EXPECT_FALSE(followed.behind()) << "whoever follows would wait for ever";
  journal.add(ServiceStarted{"more"});
  EXPECT_EQ(run_task(io, followed.take_up())->size(), 1U);
  journal.broken = true;
  journal.rows.push_back(journal.rows.back());
  EXPECT_FALSE(run_task(io, followed.take_up()).ok()) << "a disk that can't be read is no damaged row";
  EXPECT_EQ(followed.damaged(), 2);
}

TEST(FollowedJournal, RowsBecomeTextOnlyWhileSomebodyFollowsAndNoneIsMissedByIt) {
  boost::asio::io_context io;
  ScratchedJournal journal(io.get_executor());
  FollowedJournal followed(io.get_executor(), journal);
  const auto add = [&](int first, int last) {
    for (int i = first; i <= last; ++i) journal.add(ServiceStarted{std::to_string(i)});
    ASSERT_TRUE(run_task(io, followed.take_up()).ok());
  };
  const auto pieces_after = [&](std::int64_t after) {
    EventFeed feed;
    feed.after = after;
    std::string all;
    for (bool more = true; more;) {
      auto batch = run_task(io, followed.next(feed));
      for (const auto& piece : batch->pieces) all += piece->substr(0, piece->find('\n')) + " ";
      feed.after = batch->cursor;
      more = !batch->pieces.empty() || !batch->caught_up;
    }
    return all;
  };
  add(1, 3);
  EXPECT_EQ(followed.kept(), 0U);
  {
    const FollowedJournal::Follower somebody(followed);
    EXPECT_EQ(pieces_after(0), "id: 1 id: 2 id: 3 ");
    add(4, 5);
    EXPECT_EQ(followed.kept(), 2U);
    EXPECT_EQ(pieces_after(3), "id: 4 id: 5 ");
    EXPECT_EQ(pieces_after(1), "id: 2 id: 3 id: 4 id: 5 ");
  }
  add(6, 7);
  EXPECT_EQ(followed.kept(), 0U);
  const FollowedJournal::Follower another(followed);
  add(8, 8);
  EXPECT_EQ(pieces_after(4), "id: 5 id: 6 id: 7 id: 8 ");
}

}  // namespace
}  // namespace quietgate
