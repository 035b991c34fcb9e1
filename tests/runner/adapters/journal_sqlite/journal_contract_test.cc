// One contract for every journal: the one in SQLite, and the one that the simulation puts in its place.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "tests/simulation/sim_journal.h"
#include "tests/support/fake_clock.h"
#include "tests/support/run_task.h"
#include "tests/support/slow_journal.h"

namespace quietgate {
namespace {

const RunId first{"hello", 1};
const RunId second{"hello", 2};
const RunId other{"other", 1};

struct JournalUnderTest {
  virtual ~JournalUnderTest() = default;
  virtual Journal& journal() = 0;
  virtual Catalog& catalog() = 0;
};

struct InSqlite final : JournalUnderTest {
  InSqlite(const Clock& clock, const Executor& executor)
      : opened(JournalSqlite::open(":memory:", clock, executor).value()) {}
  Journal& journal() override { return *opened; }
  Catalog& catalog() override { return opened->catalog(); }
  std::unique_ptr<JournalSqlite> opened;
};

struct InSimulation final : JournalUnderTest {
  InSimulation(const Clock& clock, const Executor& executor) : simulated(disk, clock, executor) {}
  Journal& journal() override { return simulated; }
  Catalog& catalog() override { return simulated; }
  SimDisk disk;
  SimJournal simulated;
};

// A journal that answers late.
struct Late final : JournalUnderTest {
  Late(const Clock& clock, const Executor& executor)
      : sqlite(clock, executor), rows(sqlite.journal(), executor, 2), questions(sqlite.catalog(), executor, 2) {}
  Journal& journal() override { return rows; }
  Catalog& catalog() override { return questions; }
  InSqlite sqlite;
  SlowJournal rows;
  SlowCatalog questions;
};

// Each question asked to its end.
struct Asking {
  boost::asio::io_context& io;
  Journal& rows;
  Catalog& catalog;
  auto read(std::int64_t after, std::size_t limit, std::optional<RunId> run = std::nullopt) const {
    return run_task(io, rows.read(after, limit, std::move(run)));
  }
  auto runs(std::string repository, std::size_t limit, std::int64_t before) const {
    return run_task(io, catalog.runs(std::move(repository), limit, before));
  }
  auto run(RunId id) const { return run_task(io, catalog.run(std::move(id))); }
  auto unfinished_runs() const { return run_task(io, catalog.unfinished_runs()); }
  auto last_run_commit(std::string repository, std::string branch) const {
    return run_task(io, catalog.last_run_commit(std::move(repository), std::move(branch)));
  }
  auto watched(std::string repository) const { return run_task(io, catalog.watched(std::move(repository))); }
  auto branches(std::string repository) const { return run_task(io, catalog.branches(std::move(repository))); }
  auto environments() const { return run_task(io, catalog.environments()); }
  auto unpublished_evidence() const { return run_task(io, catalog.unpublished_evidence()); }
  auto promoted_runs(std::string repository, std::size_t limit) const {
    return run_task(io, catalog.promoted_runs(std::move(repository), limit));
  }
};

enum class Which { sqlite, simulation, late };

class JournalContract : public testing::TestWithParam<Which> {
 protected:
  JournalContract() {
    if (GetParam() == Which::simulation) under_test = std::make_unique<InSimulation>(clock, io.get_executor());
    if (GetParam() == Which::sqlite) under_test = std::make_unique<InSqlite>(clock, io.get_executor());
    if (GetParam() == Which::late) under_test = std::make_unique<Late>(clock, io.get_executor());
  }
  std::int64_t add(std::vector<Event> events) {
    clock.advance(Milliseconds{1'000});
    return run_task(io, journal().append(std::move(events))).value();
  }
  Asking ask() { return {io, under_test->journal(), under_test->catalog()}; }
  Journal& journal() { return under_test->journal(); }

  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  std::unique_ptr<JournalUnderTest> under_test;
};

std::vector<std::int64_t> sequences(const Result<std::vector<Row>>& rows) {
  std::vector<std::int64_t> all;
  for (const auto& row : rows.value()) all.push_back(row.sequence);
  return all;
}

using Numbers = std::vector<std::int64_t>;

TEST_P(JournalContract, RowsAreNumberedAndReadAfterACursor) {
  const auto seen = journal().bell().rings();
  EXPECT_EQ(journal().last(), 0);
  EXPECT_EQ(add({}), 0);
  EXPECT_EQ(journal().bell().rings(), seen) << "nothing was committed";
  EXPECT_EQ(add({ServiceStarted{"1"}, RunRequested{first, "main", "abc", "test"}}), 2);
  EXPECT_NE(journal().bell().rings(), seen);
  EXPECT_EQ(add({RunRequested{other, "main", "abc", "test"}}), 3);
  EXPECT_EQ(add({CancelRequested{first, "ana", "stop"}}), 4);
  EXPECT_EQ(sequences(ask().read(0, 10)), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(sequences(ask().read(1, 2)), (Numbers{2, 3}));
  EXPECT_EQ(sequences(ask().read(4, 10)), Numbers{});
  EXPECT_EQ(sequences(ask().read(0, 10, first)), (Numbers{2, 4}));
  EXPECT_EQ(sequences(ask().read(2, 10, first)), (Numbers{4}));
  EXPECT_EQ(sequences(ask().read(0, 1, first)), (Numbers{2}));
  EXPECT_EQ(sequences(ask().read(0, 10, second)), Numbers{});
  const auto rows = ask().read(3, 1).value();
  EXPECT_EQ(rows[0].at, clock.now());
  EXPECT_EQ(std::get<CancelRequested>(rows[0].event).cause, "stop");
}

TEST_P(JournalContract, RunsAreNumberedInsideTheAppend) {
  std::vector<std::int64_t> numbers;
  const auto request = [&](const std::string& repository, int runs) {
    auto make = [&numbers, repository, runs](std::int64_t number) {
      std::vector<Event> rows;
      for (int i = 0; i < runs; ++i) {
        numbers.push_back(number);
        rows.emplace_back(RunRequested{{repository, number++}, "main", "abc", "test"});
      }
      return rows;
    };
    return run_task(io, journal().append_runs(repository, std::move(make))).value();
  };
  EXPECT_EQ(request("hello", 2), 2);
  EXPECT_EQ(request("hello", 1), 3);
  EXPECT_EQ(request("other", 1), 4);
  EXPECT_EQ(numbers, (Numbers{1, 2, 3, 1}));
  EXPECT_TRUE(ask().run({"hello", 3}).value());
}

TEST_P(JournalContract, NothingIsWrittenOfARunThatMovedMeanwhile) {
  const auto seen = add({RunRequested{first, "main", "abc", "test"}});
  add({CancelRequested{first, "ana", "stop"}});
  const auto unless_moved = [&](std::int64_t after) {
    std::vector<Event> rows{PromotionIntended{first, "production", 1, "production", "a", "b"}};
    return run_task(io, journal().append_unless_moved(std::move(rows), first, after)).value();
  };
  EXPECT_EQ(unless_moved(seen), std::nullopt);
  EXPECT_EQ(journal().last(), 2);
  add({RunRequested{other, "main", "abc", "test"}});  // another run's
  EXPECT_EQ(unless_moved(2), 4);
}

TEST_P(JournalContract, RunsAreSummedUp) {
  EXPECT_FALSE(ask().run(first).value());
  add({RunRequested{first, "main", "abc", "a push"}, RunRequested{other, "main", "eee", "a push"}});
  add({RunRequested{second, "feature", "def", "a push"}});
  auto run = ask().run(first).value().value();
  EXPECT_EQ(run.status, RunStatus::requested);
  EXPECT_EQ(run.first, 1);
  EXPECT_EQ(run.cause, "a push");
  EXPECT_EQ(run.requested, clock.now() - Milliseconds{1'000});
  add({PlanCompiled{first, {}}});
  add({PlanCompiled{first, {}}});
  run = ask().run(first).value().value();
  EXPECT_EQ(run.status, RunStatus::running);
  EXPECT_EQ(run.started, clock.now() - Milliseconds{1'000}) << "the first plan counts";
  add({RunFinished{first, Outcome::failed, "slow"}});
  add({RunFinished{first, Outcome::passed, "twice"}});
  run = ask().run(first).value().value();
  EXPECT_EQ(run.status, RunStatus::finished);
  EXPECT_EQ(run.outcome, Outcome::failed);
  EXPECT_EQ(run.reason, "slow");
  EXPECT_EQ(ask().unfinished_runs()->size(), 2U);
  EXPECT_EQ(ask().unfinished_runs()->front().id, other) << "oldest first";
  add({PromotionRequested{first, "ana", "now", false}});
  EXPECT_EQ(ask().run(first).value()->status, RunStatus::running);
  EXPECT_EQ(ask().last_run_commit("hello", "main").value(), "abc");
  EXPECT_EQ(ask().last_run_commit("hello", "feature").value(), "def");
  EXPECT_EQ(ask().last_run_commit("hello", "gone").value(), "");
}

TEST_P(JournalContract, RunsArePagedNewestFirst) {
  for (int n = 1; n <= 4; ++n) add({RunRequested{{"hello", n}, "main", "c", "t"}});
  add({RunRequested{other, "main", "c", "t"}});
  auto ids = [](const Result<std::vector<RunSummary>>& runs) {
    std::string text;
    for (const auto& run : runs.value()) text += to_string(run.id) + " ";
    return text;
  };
  EXPECT_EQ(ids(ask().runs("", 3, 0)), "other/1 hello/4 hello/3 ");
  EXPECT_EQ(ids(ask().runs("", 9, 3)), "hello/2 hello/1 ");
  EXPECT_EQ(ids(ask().runs("hello", 2, 0)), "hello/4 hello/3 ");
  EXPECT_EQ(ids(ask().runs("hello", 9, 2)), "hello/1 ");
  EXPECT_EQ(ids(ask().runs("nobody", 9, 0)), "");
}

TEST_P(JournalContract, BranchesAreWhereTheyWereSeenLast) {
  EXPECT_FALSE(ask().watched("hello").value());
  add({RepositoryWatched{"hello", "u"}, RefMoved{"hello", "main", "", "abc", RefMoved::Kind::first_seen},
       RefMoved{"hello", "old", "", "aaa", RefMoved::Kind::created}});
  EXPECT_TRUE(ask().watched("hello").value());
  EXPECT_FALSE(ask().watched("other").value());
  add({RefMoved{"hello", "main", "abc", "def", RefMoved::Kind::moved},
       RefMoved{"hello", "old", "aaa", "", RefMoved::Kind::deleted}});
  EXPECT_EQ(ask().branches("hello").value(), (std::map<std::string, CommitId>{{"main", "def"}}));
  EXPECT_TRUE(ask().branches("other")->empty());
}

TEST_P(JournalContract, EnvironmentsLiveUntilTheyAreDestroyed) {
  const Time later{Milliseconds{99}};
  add({RunRequested{first, "main", "abc", "t"},
       EnvironmentPlanned{"e", first, "staging", "processes", true, later, {}}});
  add({EnvironmentReady{"e", first}});
  auto e = ask().environments()->front();
  EXPECT_EQ(e.status, EnvironmentStatus::ready);
  EXPECT_TRUE(e.keep);
  EXPECT_EQ(e.expires, later);
  add({EnvironmentNotDestroyed{"e", first, "locked", 2}});
  e = ask().environments()->front();
  EXPECT_EQ(e.status, EnvironmentStatus::failing);
  EXPECT_EQ(e.destroy_tries, 2);
  EXPECT_EQ(e.problem, "locked");
  add({EnvironmentPlanned{"e", second, "release", "terraform", true, {}, {{"app", 81}}}});
  e = ask().environments()->front();
  EXPECT_EQ(e.run, second);
  EXPECT_EQ(e.stage, "release");
  EXPECT_EQ(e.provisioner, "terraform");
  EXPECT_EQ(e.status, EnvironmentStatus::planned);
  EXPECT_EQ(e.created, clock.now()) << "rows before its last plan may be forgotten";
  EXPECT_EQ(e.destroy_tries, 0);
  EXPECT_EQ(e.problem, "");
  EXPECT_EQ(e.ports.at("app"), 81);
  add({EnvironmentDestroyRequested{"e", second, "ana"}});
  e = ask().environments()->front();
  EXPECT_FALSE(e.keep);
  EXPECT_EQ(e.expires, clock.now());
  add({EnvironmentPlanned{"a", first, "s", "processes", false, later, {}}});
  EXPECT_EQ(ask().environments()->back().id, "a") << "oldest first";
  add({EnvironmentExtended{"a", first, later + Milliseconds{1}}, EnvironmentExtended{"unknown", first, later}});
  EXPECT_EQ(ask().environments()->back().expires, later + Milliseconds{1});
  add({EnvironmentExtended{"a", first, later}});
  EXPECT_EQ(ask().environments()->back().expires, later + Milliseconds{1}) << "nobody shortens its life";
  add({EnvironmentPlanned{"k", first, "s", "processes", true, {}, {}}, EnvironmentExtended{"k", first, later}});
  EXPECT_EQ(ask().environments()->back().expires, Time{}) << "a kept one has no end";
  add({EnvironmentDestroyed{"k", first, "asked for"}});
  add({EnvironmentDestroyed{"e", second, "asked for"}, EnvironmentDestroyed{"unknown", second, "twice"}});
  EXPECT_EQ(ask().environments()->size(), 1U);
}

TEST_P(JournalContract, EvidenceWaitsUntilItIsPublished) {
  add({RunRequested{first, "main", "abc", "t"}, RunRequested{second, "main", "abc", "t"}});
  add({EvidenceSealed{first, "production", "abc", "{}"}});
  const auto sealed = clock.now();
  add({EvidenceSealed{second, "production", "abc", "{}"}});
  auto pending = ask().unpublished_evidence().value();
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].sequence, 3) << "oldest first";
  EXPECT_EQ(pending[0].run, first);
  EXPECT_EQ(pending[0].stage, "production");
  EXPECT_EQ(pending[0].sealed, sealed);
  add({EvidencePublished{first, "production", "abc"}, EvidencePublished{second, "another", "abc"}});
  pending = ask().unpublished_evidence().value();
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].run, second);
}

TEST_P(JournalContract, PromotedRunsAreToldNewestFirst) {
  for (int n = 1; n <= 4; ++n) {
    const RunId run{"hello", n};
    add({RunRequested{run, "main", "c", "t"}});
    if (n != 2) add({CommitPromoted{run, "production", "production", "b", "c"}});
  }
  add({RunRequested{other, "main", "c", "t"}, CommitPromoted{other, "production", "production", "b", "c"}});
  EXPECT_EQ(ask().promoted_runs("hello", 9).value(), (std::vector<RunId>{{"hello", 4}, {"hello", 3}, {"hello", 1}}));
  EXPECT_EQ(ask().promoted_runs("hello", 1).value(), (std::vector<RunId>{{"hello", 4}}));
  EXPECT_TRUE(ask().promoted_runs("nobody", 9).value().empty());
}

std::string name_of(const testing::TestParamInfo<Which>& of) {
  constexpr const char* names[] = {"InSqlite", "InSimulation", "Late"};
  return names[static_cast<int>(of.param)];
}

INSTANTIATE_TEST_SUITE_P(Each, JournalContract, testing::Values(Which::sqlite, Which::simulation, Which::late),
                         name_of);

}  // namespace
}  // namespace quietgate
