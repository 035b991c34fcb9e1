#include "runner/engine/plan_preparation.h"

#include <string>
#include <utility>

#include "runner/base/digest.h"
#include "runner/model/rollback.h"
#include "runner/model/try_out.h"

namespace quietgate {

PlanPreparation::PlanPreparation(EngineParts& parts, const Repository& repository, const BranchOrder& order,
                                 RunRows& rows, RunCheckout& checkout, Bell& bell, Stop& service)
    : parts_(parts),
      repository_(repository),
      order_(order),
      rows_(rows),
      checkout_(checkout),
      bell_(bell),
      service_(service) {}

Task<Result<Plan>> PlanPreparation::read() {
  auto fetched = co_await checkout_.fetch_commit();
  if (!fetched) co_return fetched.error();
  const auto& state = rows_.state();
  const WorkNote note(parts_.notes, state.id, "plan");
  const auto& name = repository_.remote.repository;
  auto text = co_await parts_.git.read_file(name, state.commit, repository_.pipeline, pipeline_size_limit, service_);
  if (!text) co_return text.error();
  if (!text->has_value())
    co_return user_error("there is no " + repository_.pipeline + " at commit " + state.commit.substr(0, 7));
  PlanContext context{state.id, state.commit, state.branch, {}, {}, state.rollback.wanted()};
  auto commit = co_await parts_.git.commit(name, state.commit, service_);
  if (commit) {
    context.message = commit->summary;
    context.author = commit->author;
  }
  auto plan = co_await parts_.compiler.compile(std::move(**text), repository_.pipeline, std::move(context), service_);
  if (!plan || !state.rollback.wanted()) co_return plan;
  auto back = rollback_plan(std::move(*plan), state.rollback);
  if (back) back->hash = sha256_hex(to_json(*back));
  co_return back;
}

Task<void> PlanPreparation::wait_for_turn() {
  waits_since_ = parts_.clock.now();
  parts_.slots.note_change();
  // What rings while the rows are read is not among them yet, or may not be.
  auto seen = bell_.rings();
  co_await rows_.catch_up();
  while (!rows_.state().cancel && !order_.first(rows_.state().id)) {
    co_await bell_.wait(seen, service_);
    seen = bell_.rings();
    co_await rows_.catch_up();
  }
  waits_since_.reset();
  parts_.slots.note_change();
}

// Of a run that was cancelled the answer says nothing.
Task<Result<Plan>> PlanPreparation::plan_in_turn() {
  const auto& state = rows_.state();
  if (const auto error = given_up(state)) co_return *error;
  Result<Plan> plan = user_error("");
  if (!state.cancel) plan = co_await read();
  if (!plan || plan->concurrency == Concurrency::parallel || order_.first(state.id)) co_return plan;
  // Many runs may wait here: what one needs then can be read again.
  plan = user_error("");
  co_await wait_for_turn();
  if (!state.cancel) plan = co_await read();
  co_return plan;
}

Task<Result<void>> PlanPreparation::check(Plan plan) {
  if (parts_.check == nullptr || !parts_.check->concerns(plan)) co_return Result<void>{};
  // A checkout that can't be made is told when the first stage needs it.
  auto ready = co_await checkout_.prepare();
  if (!ready) co_return Result<void>{};
  auto checkout = parts_.workspace.checkout(rows_.state().id);
  const WorkNote note(parts_.notes, rows_.state().id, "check");
  co_return co_await parts_.check->check(std::move(plan), std::move(checkout), service_);
}

Task<void> PlanPreparation::reject(Error error) {
  const auto diagnostics = error.message + (error.advice.empty() ? "" : "\n" + error.advice);
  const auto outcome = error.kind == ErrorKind::user ? Outcome::failed : Outcome::error;
  const auto first_line = diagnostics.substr(0, diagnostics.find('\n'));
  const auto& run = rows_.state().id;
  std::vector<Event> events{PlanRejected{run, diagnostics, outcome}, RunFinished{run, outcome, first_line}};
  co_await rows_.append(std::move(events));
}

Task<bool> PlanPreparation::compile() {
  auto plan = co_await plan_in_turn();
  co_await rows_.catch_up();
  const auto& state = rows_.state();
  if (plan && !state.cancel) {
    Plan copy = *plan;
    auto checked = co_await check(std::move(copy));
    if (!checked) plan = checked.error();
    co_await rows_.catch_up();
  }
  if (!plan || state.cancel) {
    co_await checkout_.forget();
    co_await rows_.catch_up();
  }
  if (state.cancel) {
    std::vector<Event> events{RunFinished{state.id, Outcome::cancelled, state.cancel->cause}};
    co_await rows_.append(std::move(events));
    co_return false;
  }
  if (!plan) {
    co_await reject(plan.error());
    co_return false;
  }
  if (parts_.tries_out) {
    *plan = try_out_plan(std::move(*plan));
    if (plan->hash.empty()) plan->hash = sha256_hex(to_json(*plan));
  }
  std::vector<Event> events{PlanCompiled{state.id, std::move(*plan)}};
  co_await rows_.append(std::move(events));
  co_return true;
}

}  // namespace quietgate
