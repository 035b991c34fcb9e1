#include "stages/promote/branch_move.h"

#include <fmt/format.h>

#include <algorithm>

#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr Milliseconds first_pause{1'000};
constexpr Milliseconds longest_pause{30'000};

}  // namespace

std::string short_id(const CommitId& id) {
  return id.empty() ? "nothing" : id.substr(0, 7);
}

// From here on the move is made, and the run releases. Whoever ends the run may have said so in the journal although
// the stage was not told yet: the intent is only written when nothing was since that look, so that one of them is
// first.
Task<Result<void>> BranchMove::intend(PromotionIntended intent) {
  RunState run = *request_.run_state;
  for (;;) {
    request_.stop->throw_if_requested();
    auto read = co_await read_on(*request_.journal, run);
    if (!read) co_return read.error();
    const bool cleans_up = run.stages.at(request_.spec.name).cleans_up;
    if (run.cancel && !cleans_up) throw Stopped(StopReason::cancel, run.cancel->cause);
    std::vector<Event> events;
    events.emplace_back(intent);
    auto written = co_await request_.journal->append_unless_moved(std::move(events), request_.run, run.cursor);
    if (!written) co_return written.error();
    if (*written) co_return Result<void>{};
  }
}

// What happened is put on record however long that takes: a full disk does not undo it.
Task<void> BranchMove::record(Event event) {
  bool told = false;
  for (auto pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
    std::vector<Event> events;
    events.push_back(event);
    auto written = co_await request_.journal->append(std::move(events));
    if (written) co_return;
    if (!told) request_.log->line("the result of the move can't be recorded yet: " + written.error().message);
    told = true;
    co_await clock_.sleep(pause, *request_.runner);
  }
}

StageOutcome BranchMove::ended(Outcome outcome, std::string reason, std::string advice) const {
  StageOutcome end;
  end.outcome = outcome;
  end.reason = std::move(reason);
  end.advice = std::move(advice);
  request_.log->line(end.reason);
  return end;
}

StageOutcome BranchMove::promoted(const PromotionIntended& intent) const {
  auto sentence = fmt::format("{} {} from {} to {}", intent.branch, intent.rollback ? "was rolled back" : "moved",
                              short_id(intent.from), short_id(intent.to));
  if (intent.from == intent.to) sentence = fmt::format("{} is already at {}", intent.branch, short_id(intent.to));
  auto end = ended(Outcome::passed, std::move(sentence), {});
  end.outputs = {{"branch", intent.branch}, {"from", intent.from}, {"commit", intent.to}};
  return end;
}

Task<StageOutcome> BranchMove::record_promoted(PromotionIntended intent) {
  CommitPromoted event{request_.run, request_.spec.name, intent.branch, intent.from, intent.to, intent.rollback};
  co_await record(std::move(event));
  co_return promoted(intent);
}

Task<StageOutcome> BranchMove::record_refused(PromotionIntended intent, std::string reason, std::string advice) {
  PromotionRefused event{request_.run, request_.spec.name, intent.branch, reason};
  co_await record(std::move(event));
  co_return ended(Outcome::failed, std::move(reason), std::move(advice));
}

Task<StageOutcome> BranchMove::moved_meanwhile(PromotionIntended intent, CommitId at) {
  const auto what = at.empty() ? fmt::format("{} was deleted meanwhile by somebody else", intent.branch)
                               : fmt::format("{} moved to {} meanwhile by somebody else", intent.branch, short_id(at));
  auto advice =
      fmt::format("merge {} into {} and push, so that the commit is tested with it", intent.branch, request_.branch);
  if (intent.rollback) advice = "check what the branch is at now; the commit to roll back is no longer there";
  co_return co_await record_refused(std::move(intent), what + "; nothing was pushed", std::move(advice));
}

Task<Result<CommitId>> BranchMove::position(std::string branch, Stop& stop) {
  auto all = co_await git_.branches(request_.remote, stop);
  if (!all) co_return all.error();
  // What was tested came from a branch: a list without any tells of the server, not of this branch.
  if (all->empty()) co_return infrastructure_error("the remote lists no branches", "check the server");
  for (const auto& one : *all) {
    if (one.name != branch) continue;
    if (!one.problem.empty()) co_return user_error(branch + " can't be moved: " + one.problem, "rename or remove it");
    co_return one.commit;
  }
  co_return CommitId{};
}

Task<StageOutcome> BranchMove::perform(MoveOrder order) {
  auto before = request_.run_state->stages.at(request_.spec.name).promotion_intent;
  if (before) {
    request_.log->line(fmt::format("an earlier move of {} from {} to {} was not recorded: asking the remote",
                                   before->branch, short_id(before->from), short_id(before->to)));
    co_return co_await see_through(std::move(*before), true);
  }
  auto at = co_await position(order.branch, *request_.stop);
  if (!at) co_return ended(Outcome::error, at.error().message, at.error().advice);
  PromotionIntended intent{request_.run,    request_.spec.name, request_.attempt, order.branch,  *at,
                           request_.commit, order.by,           order.reason,     order.overrode};
  intent.rollback = !order.back_from.empty();
  if (*at == request_.commit) co_return promoted(intent);
  auto against = co_await stands_against(intent, order.back_from);
  if (against) co_return std::move(*against);
  auto intended = co_await intend(intent);
  if (!intended) co_return ended(Outcome::error, intended.error().message, intended.error().advice);
  co_return co_await see_through(std::move(intent), false);
}

// Nothing when the branch may be moved from where it is.
Task<std::optional<StageOutcome>> BranchMove::stands_against(PromotionIntended intent, CommitId back_from) {
  if (intent.rollback) {
    if (intent.from == back_from) co_return std::nullopt;
    auto reason = fmt::format("{} is at {}, no longer at {}: nothing was rolled back", intent.branch,
                              short_id(intent.from), short_id(back_from));
    co_return co_await record_refused(
        std::move(intent), std::move(reason),
        "somebody has moved the branch since; roll back the run that promoted its current commit");
  }
  if (intent.from.empty()) co_return std::nullopt;
  const bool forward = co_await descends(intent);
  if (forward) co_return std::nullopt;
  auto reason = fmt::format("{} does not descend from {} of {}; nothing was pushed", short_id(intent.to),
                            short_id(intent.from), intent.branch);
  auto advice =
      fmt::format("merge {} into {} and push, so that the commit is tested with it", intent.branch, request_.branch);
  co_return co_await record_refused(std::move(intent), std::move(reason), std::move(advice));
}

// True also when that can't be told here: the server and the push itself refuse what is no fast-forward.
Task<bool> BranchMove::descends(PromotionIntended intent) {
  auto forward = co_await contains(intent.branch, intent.to, intent.from, *request_.stop);
  co_return !forward || *forward;
}

// Whether `ancestor` is part of `commit`, which is on the branch or in the mirror.
Task<Result<bool>> BranchMove::contains(std::string branch, CommitId commit, CommitId ancestor, Stop& stop) {
  std::vector<std::string> branches;
  branches.push_back(std::move(branch));
  auto fetched = co_await git_.fetch(request_.remote, std::move(branches), stop);
  if (!fetched) co_return fetched.error();
  co_return co_await git_.is_ancestor(request_.remote.repository, std::move(ancestor), std::move(commit), stop);
}

// From the first push on, the move is seen through until it is known what became of it, whatever else ends the stage;
// only the end of the runner leaves it open, for the next one. An answer that was lost is asked for; a push that did
// not arrive is sent again, which compare-and-swap makes harmless. An error of kind `user` means that nothing was sent,
// and nothing will be: it ends the move, once no push of before can arrive any more.
Task<StageOutcome> BranchMove::see_through(PromotionIntended intent, bool ask_first) {
  auto& stop = *request_.runner;
  Milliseconds since_push{0};
  bool under_way = ask_first;  // a push may have been sent that was not answered
  std::optional<Error> unsent;
  for (auto pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
    if (!ask_first) {
      auto pushed = co_await push(intent);
      if (pushed) co_return co_await pushed_to_end(std::move(intent), std::move(*pushed));
      unsent.reset();
      if (pushed.error().kind == ErrorKind::user) unsent = pushed.error();
      if (unsent && !under_way) co_return co_await record_refused(std::move(intent), unsent->message, unsent->advice);
      request_.log->line((unsent ? "nothing was sent (" : "the push gave no answer (") + pushed.error().message +
                         "): asking the remote");
      if (!unsent) since_push = Milliseconds{0};
      under_way = true;
    }
    ask_first = true;
    auto at = co_await position(intent.branch, stop);
    std::optional<StageOutcome> known;
    if (!at) {
      request_.log->line(fmt::format("it is not known whether {} moved: {}", intent.branch, at.error().message));
    } else if (*at == intent.from) {
      const bool over = since_push >= request_.remote.deadline;
      if (unsent && over) co_return co_await record_refused(std::move(intent), unsent->message, unsent->advice);
      const bool wanted = !request_.stop->requested();
      if (wanted) request_.log->line(fmt::format("{} did not move", intent.branch));
      // What was sent and not answered may still arrive for as long as the server was given time.
      if (!wanted && over) co_await give_up(intent);
      ask_first = !wanted;
    } else {
      known = co_await found_at(intent, *at);
    }
    if (known) co_return std::move(*known);
    co_await clock_.sleep(pause, stop);
    since_push += pause;
  }
}

Task<Result<PushOutcome>> BranchMove::push(PromotionIntended intent) {
  request_.log->line(fmt::format("moving {} from {} to {}", intent.branch, short_id(intent.from), short_id(intent.to)));
  if (intent.rollback)
    co_return co_await git_.put_back(request_.remote, intent.branch, intent.from, intent.to, *request_.runner);
  co_return co_await git_.push(request_.remote, intent.branch, intent.from, intent.to, *request_.runner);
}

Task<StageOutcome> BranchMove::pushed_to_end(PromotionIntended intent, PushOutcome pushed) {
  if (pushed.kind == PushOutcome::Kind::refused) {
    auto reason = fmt::format("the server refused to move {}: {}", intent.branch, pushed.detail);
    co_return co_await record_refused(
        std::move(intent), std::move(reason),
        "allow the service's account to push to this branch; a commit must descend from the commit that it replaces");
  }
  if (pushed.kind != PushOutcome::Kind::stale) co_return co_await record_promoted(std::move(intent));
  auto known = co_await found_at(intent, pushed.remote);
  if (known) co_return std::move(*known);
  co_return co_await see_through(std::move(intent), true);
}

// The branch is elsewhere than before the move: by this move, or one that went on from it, or by somebody else. Nothing
// when that can't be told now.
Task<std::optional<StageOutcome>> BranchMove::found_at(PromotionIntended intent, CommitId at) {
  if (at == intent.to) co_return co_await record_promoted(std::move(intent));
  // Who went on from where the branch is put back to may have done so before: nothing is deployed over that.
  if (!at.empty() && !intent.rollback) {
    auto part = co_await contains(intent.branch, at, intent.to, *request_.runner);
    if (!part) co_return std::nullopt;
    if (*part) co_return co_await record_promoted(std::move(intent));
  }
  co_return co_await moved_meanwhile(std::move(intent), std::move(at));
}

// Throws Stopped: the stage was told to end, and nothing of the move can arrive any more.
Task<void> BranchMove::give_up(PromotionIntended intent) {
  auto reason = fmt::format("{} did not move: {}", intent.branch, request_.stop->cause());
  auto refused = co_await record_refused(std::move(intent), std::move(reason), std::string());
  request_.stop->throw_if_requested();
}

}  // namespace quietgate
