#include "runner/cli/local_run_follower.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr Milliseconds draw_every{100};
constexpr std::size_t read_batch = 256;

}  // namespace

LocalRunFollower::LocalRunFollower(Composition& composition, RunView& view, RunId run, ApprovalPrompt prompt,
                                   std::string person)
    : composition_(composition),
      view_(view),
      run_(std::move(run)),
      clock_(composition.executor()),
      prompt_(std::move(prompt)),
      person_(std::move(person)) {
  const auto unfinished = composition.catalog().unfinished_runs_now();
  if (!unfinished) return;
  for (const auto& each : *unfinished) {
    if (each.id != run_) earlier_.push_back(each.id);
  }
}

Task<void> LocalRunFollower::read_rows() {
  for (bool more = true; more;) {
    auto rows = co_await composition_.journal().read(cursor_, read_batch, run_);
    if (!rows) throw std::runtime_error(rows.error().message);
    for (const auto& row : *rows) {
      view_.on_row(row);
      cursor_ = row.sequence;
    }
    more = rows->size() == read_batch;
  }
}

// Nobody sees the question of an earlier run any more: it would wait for days, and this run for it.
Task<void> LocalRunFollower::cancel_if_it_asks(RunId earlier) {
  const auto folded = co_await fold_run(composition_.journal(), earlier);
  if (!folded || folded->asking == 0 || folded->cancel) co_return;
  const CancelRequested end{earlier, person_, "its question can no longer be answered"};
  (void)composition_.journal().append_now({end}).ok();
}

// Whether the other run is over; then says how it ended.
Task<bool> LocalRunFollower::told_end_of(RunId id, std::string what) {
  auto summary = co_await composition_.catalog().run(id);
  if (!summary || !summary->has_value()) co_return true;
  const auto& ended = **summary;
  if (ended.status != RunStatus::finished) co_return false;
  view_.say(what + " " + to_string(id) + " ended as " + to_string(ended.outcome) +
            (ended.reason.empty() ? "" : ": " + ended.reason));
  co_return true;
}

// Earlier runs that had begun a release are finished first.
Task<bool> LocalRunFollower::earlier_are_over() {
  std::vector<RunId> left;
  for (const auto& id : earlier_) {
    const bool over = co_await told_end_of(id, "the earlier run");
    if (over) continue;
    left.push_back(id);
    co_await cancel_if_it_asks(id);
  }
  earlier_ = std::move(left);
  co_return earlier_.empty();
}

// A watch that sees an alert after the release requests a run of its own.
Task<bool> LocalRunFollower::rollbacks_are_over() {
  const auto unfinished = co_await composition_.catalog().unfinished_runs();
  for (const auto& each : unfinished ? *unfinished : std::vector<RunSummary>()) {
    if (each.id.number < run_.number || each.id == run_) continue;
    if (std::find(rollbacks_.begin(), rollbacks_.end(), each.id) != rollbacks_.end()) continue;
    view_.say("run " + to_string(each.id) + " rolls back this release");
    rollbacks_.push_back(each.id);
  }
  std::vector<RunId> left;
  for (const auto& id : rollbacks_) {
    const bool over = co_await told_end_of(id, "the rollback");
    if (!over) left.push_back(id);
  }
  rollbacks_ = std::move(left);
  co_return rollbacks_.empty();
}

Task<void> LocalRunFollower::follow(Stop& stop) {
  auto& journal = composition_.journal();
  for (;;) {
    const auto seen = journal.bell().rings();
    co_await read_rows();
    for (const auto& given : prompt_.poll(view_.record())) (void)journal.append_now({given}).ok();
    view_.hold(prompt_.asking());
    view_.tick();
    bool over = co_await earlier_are_over();
    if (over && view_.record().over()) {
      over = co_await rollbacks_are_over();
      if (over) break;
    }
    // Lines are printed as their rows come: few at a time are still in the journal's memory.
    const bool redraws = view_.is_live() || prompt_.asking();
    if (!redraws) co_await journal.bell().wait(seen, stop);
    if (redraws) co_await clock_.sleep(draw_every, stop);
  }
  composition_.stop().request(StopReason::shutdown, "the run is over");
}

std::vector<RunId> LocalRunFollower::to_be_cancelled() const {
  return rollbacks_.empty() ? std::vector<RunId>{run_} : rollbacks_;
}

}  // namespace quietgate
