// What a run needs before its stages: its turn, its plan, its checkout.
#include "runner/core/rollback.h"
#include "runner/core/try_out.h"
#include "runner/engine/driver.h"
#include "runner/ports/digest.h"

namespace quietgate {

namespace {

constexpr int most_interruptions = 3;

}  // namespace

// Three deaths of the service over the same work are no chance: without this it would die of it again and again.
std::optional<Error> Driver::given_up() const {
  if (state_.interruptions < most_interruptions) return std::nullopt;
  return infrastructure_error(
      "quietgate died " + std::to_string(state_.interruptions) + " times while it worked on this run; it is given up",
      "look in the service's log and the kernel's for what ended it (memory?), make what the commit holds smaller, or "
      "retry the run");
}

Task<Result<void>> Driver::fetch_commit() {
  const auto& name = repository_.remote.repository;
  auto known = co_await parts_.git.commit(name, state_.commit, service_);
  if (known) co_return Result<void>{};
  // A brace list inside a co_await expression breaks g++ 12.
  std::vector<std::string> branches(1, state_.branch);
  auto fetched = co_await parts_.git.fetch(repository_.remote, std::move(branches), service_);
  if (!fetched) co_return fetched.error();
  known = co_await parts_.git.commit(name, state_.commit, service_);
  if (!known) co_return known.error();
  co_return Result<void>{};
}

Task<Result<Plan>> Driver::read_plan() {
  auto fetched = co_await fetch_commit();
  if (!fetched) co_return fetched.error();
  const WorkNote note(parts_.notes, state_.id, "plan");
  const auto& name = repository_.remote.repository;
  auto text = co_await parts_.git.read_file(name, state_.commit, repository_.pipeline, pipeline_size_limit, service_);
  if (!text) co_return text.error();
  if (!text->has_value())
    co_return user_error("there is no " + repository_.pipeline + " at commit " + state_.commit.substr(0, 7));
  PlanContext context{state_.id, state_.commit, state_.branch, {}, {}, state_.rollback.wanted()};
  auto commit = co_await parts_.git.commit(name, state_.commit, service_);
  if (commit) {
    context.message = commit->summary;
    context.author = commit->author;
  }
  auto plan = co_await parts_.compiler.compile(std::move(**text), repository_.pipeline, std::move(context), service_);
  if (!plan || !state_.rollback.wanted()) co_return plan;
  auto back = rollback_plan(std::move(*plan), state_.rollback);
  if (back) back->hash = sha256_hex(to_json(*back));
  co_return back;
}

Task<bool> Driver::compile() {
  Result<Plan> plan = user_error("");
  if (const auto error = given_up()) {
    plan = *error;
  } else if (!state_.cancel) {
    plan = co_await read_plan();
  }
  if (plan && plan->concurrency != Concurrency::parallel && !turns_.first(state_.id)) {
    // Many runs may wait here: what one needs then can be read again.
    plan = user_error("");
    co_await wait_for_turn();
    if (!state_.cancel) plan = co_await read_plan();
  }
  catch_up();
  if (plan && !state_.cancel) {
    Plan copy = *plan;
    auto checked = co_await check_files(std::move(copy));
    if (!checked) plan = checked.error();
    catch_up();
  }
  if (!plan || state_.cancel) co_await forget_checkout();
  if (state_.cancel) {
    append({RunFinished{state_.id, Outcome::cancelled, state_.cancel->cause}});
    co_return false;
  }
  if (plan) {
    if (parts_.tries_out) {
      *plan = try_out_plan(std::move(*plan));
      if (plan->hash.empty()) plan->hash = sha256_hex(to_json(*plan));
    }
    append({PlanCompiled{state_.id, std::move(*plan)}});
    co_return true;
  }
  const auto& error = plan.error();
  const auto diagnostics = error.message + (error.advice.empty() ? "" : "\n" + error.advice);
  const auto outcome = error.kind == ErrorKind::user ? Outcome::failed : Outcome::error;
  const auto first_line = diagnostics.substr(0, diagnostics.find('\n'));
  append({PlanRejected{state_.id, diagnostics, outcome}, RunFinished{state_.id, outcome, first_line}});
  co_return false;
}

Task<Result<void>> Driver::check_files(Plan plan) {
  if (parts_.check == nullptr || !parts_.check->concerns(plan)) co_return Result<void>{};
  // A checkout that can't be made is told when the first stage needs it.
  auto ready = co_await prepare_checkout();
  if (!ready) co_return Result<void>{};
  auto checkout = parts_.workspace.checkout(state_.id);
  const WorkNote note(parts_.notes, state_.id, "check");
  co_return co_await parts_.check->check(std::move(plan), std::move(checkout), service_);
}

// And what is left of attempts' trees.
Task<void> Driver::forget_checkout() {
  co_await removals_.wait(service_);
  Result<void> removed;
  if (parts_.trees != nullptr)
    removed = co_await parts_.trees->clear(parts_.workspace.checkout(state_.id), service_);
  else
    removed = parts_.workspace.remove_checkout(state_.id);
  if (!removed) parts_.say(removed.error().message);
  catch_up();
}

Task<void> Driver::wait_for_turn() {
  waits_since_ = parts_.clock.now();
  parts_.slots.note_change();
  while (!state_.cancel && !turns_.first(state_.id)) {
    const auto seen = bell_->rings();
    co_await bell_->wait(seen, service_);
    catch_up();
  }
  waits_since_.reset();
  parts_.slots.note_change();
}

Task<Result<void>> Driver::prepare_checkout() {
  const auto checkout = parts_.workspace.checkout(state_.id);
  const bool there = parts_.workspace.has_checkout(state_.id);
  if (there && trusts_checkout_) co_return Result<void>{};
  if (const auto error = given_up()) co_return *error;
  if (auto fetched = co_await fetch_commit(); !fetched) co_return fetched.error();
  // Of a service that was killed, or put there by somebody who wants it to be tested. It may be large: not on the loop.
  if (parts_.trees != nullptr) {
    Result<void> gone;
    if (there) gone = co_await parts_.trees->clear(checkout, service_);
    if (!there) gone = co_await parts_.trees->remove(checkout + ".new", service_);
    if (!gone) co_return gone.error();
  } else if (there) {
    auto gone = parts_.workspace.remove_checkout(state_.id);
    if (!gone) co_return gone.error();
  }
  const WorkNote note(parts_.notes, state_.id, "checkout");
  auto folder = parts_.workspace.begin_checkout(state_.id);
  if (!folder) co_return folder.error();
  auto written = co_await parts_.git.checkout(repository_.remote.repository, state_.commit, *folder, service_);
  if (!written) co_return written.error();
  auto finished = parts_.workspace.finish_checkout(state_.id);
  trusts_checkout_ = finished.ok();
  co_return finished;
}

}  // namespace quietgate
