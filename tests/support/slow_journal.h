// A journal and a catalog that answer after some turns of the loop, as those across a network do: others go on between
// a question, the moment that its answer is of, and the answer. The dial is `ticks`; 0: they answer at once.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <functional>
#include <utility>

#include "runner/ports/inline_catalog.h"
#include "runner/ports/inline_journal.h"

namespace quietgate {

// The dial of worlds that are run both ways (tests/CMakeLists.txt).
inline int journal_ticks() {
  const char* ticks = std::getenv("QUIETGATE_JOURNAL_TICKS");
  return ticks == nullptr ? 0 : std::atoi(ticks);
}

class SlowAnswers {
 public:
  SlowAnswers(Executor executor, int turns) : ticks(turns), executor_(std::move(executor)) {}
  int ticks;

 protected:
  Task<void> pass() {
    for (int tick = 0; tick < ticks; ++tick) co_await boost::asio::post(executor_, boost::asio::use_awaitable);
  }
  template <class Answer>
  Task<Answer> late(Task<Answer> question) {
    co_await pass();
    auto answer = co_await std::move(question);
    co_await pass();
    co_return answer;
  }

 private:
  Executor executor_;
};

class SlowJournal final : public Journal, public SlowAnswers {
 public:
  SlowJournal(Journal& real, Executor executor, int turns) : SlowAnswers(std::move(executor), turns), real_(real) {}
  Task<Result<std::int64_t>> append(std::vector<Event> events) override {
    return written(real_.append(std::move(events)));
  }
  Task<Result<std::int64_t>> append_runs(std::string repository, NewRuns make) override {
    return written(real_.append_runs(std::move(repository), std::move(make)));
  }
  Task<Result<std::optional<std::int64_t>>> append_unless_moved(std::vector<Event> events, RunId run,
                                                                std::int64_t seen) override {
    return written(real_.append_unless_moved(std::move(events), std::move(run), seen));
  }
  Task<Result<std::vector<Row>>> read(std::int64_t after, std::size_t limit, std::optional<RunId> run) override {
    return late(real_.read(after, limit, std::move(run)));
  }
  std::int64_t last() const override { return real_.last(); }
  Bell& bell() override { return real_.bell(); }
  std::function<void()> meanwhile;  // dial: what others do before the next append is written

 private:
  template <class Answer>
  Task<Answer> written(Task<Answer> append) {
    co_await pass();
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    auto answer = co_await std::move(append);
    co_await pass();
    co_return answer;
  }
  Journal& real_;
};

class SlowCatalog final : public Catalog, public SlowAnswers {
 public:
  SlowCatalog(Catalog& real, Executor executor, int turns) : SlowAnswers(std::move(executor), turns), real_(real) {}
  Task<Result<std::vector<RunSummary>>> runs(std::string repository, std::size_t limit, std::int64_t before) override {
    return late(real_.runs(std::move(repository), limit, before));
  }
  Task<Result<std::optional<RunSummary>>> run(RunId id) override { return late(real_.run(std::move(id))); }
  Task<Result<std::vector<RunSummary>>> unfinished_runs() override { return late(real_.unfinished_runs()); }
  Task<Result<CommitId>> last_run_commit(std::string repository, std::string branch) override {
    return late(real_.last_run_commit(std::move(repository), std::move(branch)));
  }
  Task<Result<bool>> watched(std::string repository) override { return late(real_.watched(std::move(repository))); }
  Task<Result<std::map<std::string, CommitId>>> branches(std::string repository) override {
    return late(real_.branches(std::move(repository)));
  }
  Task<Result<std::vector<EnvironmentSummary>>> environments() override { return late(real_.environments()); }
  Task<Result<std::vector<PendingEvidence>>> unpublished_evidence() override {
    return late(real_.unpublished_evidence());
  }
  Task<Result<std::vector<RunId>>> promoted_runs(std::string repository, std::size_t limit) override {
    return late(real_.promoted_runs(std::move(repository), limit));
  }

 private:
  Catalog& real_;
};

}  // namespace quietgate
