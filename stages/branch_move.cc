#include "stages/branch_move.h"

#include <fmt/format.h>

namespace quietgate {

std::string short_id(const CommitId& id) {
  return id.empty() ? "nothing" : id.substr(0, 7);
}

std::optional<PromotionIntended> open_intent_in(const std::vector<Row>& rows, const std::string& stage) {
  std::optional<PromotionIntended> open;
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<PromotionIntended>(&row.event); e != nullptr && e->stage == stage) open = *e;
    if (const auto* e = std::get_if<CommitPromoted>(&row.event); e != nullptr && e->stage == stage) open.reset();
    if (const auto* e = std::get_if<PromotionRefused>(&row.event); e != nullptr && e->stage == stage) open.reset();
  }
  return open;
}

std::optional<CommitPromoted> promotion_in(const std::vector<Row>& rows, const std::string& stage) {
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<CommitPromoted>(&row.event); e != nullptr && e->stage == stage) return *e;
  }
  return std::nullopt;
}

Result<void> BranchMove::append(Event event) {
  std::vector<Event> events;
  events.push_back(std::move(event));
  auto written = request_.journal->append(std::move(events));
  if (!written) return written.error();
  return {};
}

StageOutcome BranchMove::ended(Outcome outcome, std::string reason, std::string advice) const {
  StageOutcome end;
  end.outcome = outcome;
  end.reason = std::move(reason);
  end.advice = std::move(advice);
  request_.log->line(end.reason);
  return end;
}

StageOutcome BranchMove::promoted(const PromotionIntended& intent, bool record) {
  if (record) {
    auto written = append(CommitPromoted{request_.run, request_.spec.name, intent.branch, intent.from, intent.to});
    if (!written) {
      return ended(Outcome::error,
                   fmt::format("{} is at {} now, but the journal could not be written: {}", intent.branch,
                               short_id(intent.to), written.error().message),
                   "retry the run: it will find the branch where it belongs");
    }
  }
  auto end = ended(Outcome::passed,
                   intent.from == intent.to ? fmt::format("{} is already at {}", intent.branch, short_id(intent.to))
                                            : fmt::format("{} moved from {} to {}", intent.branch,
                                                          short_id(intent.from), short_id(intent.to)),
                   {});
  end.outputs = {{"branch", intent.branch}, {"from", intent.from}, {"commit", intent.to}};
  return end;
}

StageOutcome BranchMove::refused(const PromotionIntended& intent, std::string reason, std::string advice) {
  if (auto written = append(PromotionRefused{request_.run, request_.spec.name, intent.branch, reason}); !written)
    return ended(Outcome::error, reason + "; the journal could not be written: " + written.error().message, advice);
  return ended(Outcome::failed, std::move(reason), std::move(advice));
}

StageOutcome BranchMove::moved_meanwhile(const PromotionIntended& intent, const CommitId& at) {
  const auto what = at.empty() ? fmt::format("{} was deleted meanwhile by somebody else", intent.branch)
                               : fmt::format("{} moved to {} meanwhile by somebody else", intent.branch, short_id(at));
  return refused(intent, what + "; nothing was pushed",
                 fmt::format("merge {} into {} and push, so that what is promoted was tested with it", intent.branch,
                             request_.branch));
}

Task<Result<CommitId>> BranchMove::position(std::string branch, Stop& stop) {
  auto all = co_await git_.branches(request_.remote, stop);
  if (!all) co_return all.error();
  for (const auto& one : *all) {
    if (one.name == branch) co_return one.commit;
  }
  co_return CommitId{};
}

Task<StageOutcome> BranchMove::perform(MoveOrder order) {
  if (auto before = open_intent_in(*request_.history, request_.spec.name)) co_return co_await settle(*before);
  auto at = co_await position(order.branch, *request_.stop);
  if (!at) co_return ended(Outcome::error, at.error().message, at.error().advice);
  PromotionIntended intent{request_.run,    request_.spec.name, request_.attempt, order.branch,  *at,
                           request_.commit, order.by,           order.reason,     order.overrode};
  if (*at == request_.commit) co_return promoted(intent, false);
  if (!at->empty()) {
    const bool forward = co_await descends(intent);
    if (!forward) {
      co_return refused(intent,
                        fmt::format("{} does not descend from {} of {}; nothing was pushed", short_id(intent.to),
                                    short_id(intent.from), intent.branch),
                        fmt::format("merge {} into {} and push, so that what is promoted was tested with it",
                                    intent.branch, request_.branch));
    }
  }
  // What waits for the stage's end may have been asked for meanwhile: from here on the move is made.
  request_.stop->throw_if_requested();
  if (auto written = append(intent); !written)
    co_return ended(Outcome::error, written.error().message, written.error().advice);
  co_return co_await push(intent);
}

// True also when that can't be told here: the server and the push itself refuse what is no fast-forward.
Task<bool> BranchMove::descends(PromotionIntended intent) {
  std::vector<std::string> branches;
  branches.push_back(intent.branch);
  auto fetched = co_await git_.fetch(request_.remote, std::move(branches), *request_.stop);
  if (!fetched) co_return true;
  auto forward = co_await git_.is_ancestor(request_.remote.repository, intent.from, intent.to, *request_.stop);
  co_return !forward || *forward;
}

Task<StageOutcome> BranchMove::settle(PromotionIntended intent) {
  request_.log->line(fmt::format("an earlier move of {} from {} to {} was not recorded: asking the remote",
                                 intent.branch, short_id(intent.from), short_id(intent.to)));
  auto at = co_await position(intent.branch, *request_.stop);
  if (!at) co_return ended(Outcome::error, at.error().message, at.error().advice);
  if (*at == intent.to) co_return promoted(intent, true);
  if (*at != intent.from) co_return moved_meanwhile(intent, *at);
  co_return co_await push(intent);
}

Task<StageOutcome> BranchMove::push(PromotionIntended intent) {
  // A push that was begun is seen through, so that its end is known; only the end of the runner leaves it open.
  Stop stop;
  Stop::Listener listener(*request_.stop, [&] {
    if (request_.stop->reason() == StopReason::shutdown) stop.request(StopReason::shutdown, request_.stop->cause());
  });
  request_.log->line(fmt::format("moving {} from {} to {}", intent.branch, short_id(intent.from), short_id(intent.to)));
  auto pushed = co_await git_.push(request_.remote, intent.branch, intent.from, intent.to, stop);
  if (!pushed) co_return co_await after_lost_answer(intent, pushed.error(), stop);
  switch (pushed->kind) {
    case PushOutcome::Kind::moved:
    case PushOutcome::Kind::unchanged:
      co_return promoted(intent, true);
    case PushOutcome::Kind::stale:
      co_return moved_meanwhile(intent, pushed->remote);
    case PushOutcome::Kind::refused:
      break;
  }
  co_return refused(intent, fmt::format("the server refused to move {}: {}", intent.branch, pushed->detail),
                    "let the runner's account push to this branch; a commit must descend from what it replaces");
}

Task<StageOutcome> BranchMove::after_lost_answer(PromotionIntended intent, Error error, Stop& stop) {
  request_.log->line("the push gave no answer (" + error.message + "): asking the remote where the branch is");
  auto at = co_await position(intent.branch, stop);
  if (!at) {
    co_return ended(Outcome::error, fmt::format("it is not known whether {} moved: {}", intent.branch, error.message),
                    "run again: the remote is asked first");
  }
  if (*at == intent.to) co_return promoted(intent, true);
  // The intent stays open: the push may still arrive.
  if (*at == intent.from) {
    co_return ended(Outcome::error, fmt::format("{} did not move: {}", intent.branch, error.message),
                    error.advice.empty() ? "run again: the remote is asked first" : error.advice);
  }
  co_return moved_meanwhile(intent, *at);
}

}  // namespace quietgate
