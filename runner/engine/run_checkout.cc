#include "runner/engine/run_checkout.h"

#include <string>
#include <utility>
#include <vector>

namespace quietgate {

namespace {

constexpr int most_interruptions = 3;

}  // namespace

// Three deaths of the service over the same work are no chance: without this it would die of it again and again.
std::optional<Error> given_up(const RunState& run) {
  if (run.interruptions < most_interruptions) return std::nullopt;
  return infrastructure_error(
      "quietgate died " + std::to_string(run.interruptions) + " times while it worked on this run; it is given up",
      "find the cause in the service's log and the kernel's log (memory?), make the commit's files smaller, or retry "
      "the run");
}

RunCheckout::RunCheckout(EngineParts& parts, const Repository& repository, const RunRows& rows, Stop& service)
    : parts_(parts), repository_(repository), rows_(rows), service_(service) {}

Task<Result<void>> RunCheckout::fetch_commit() {
  const auto& name = repository_.remote.repository;
  const auto& state = rows_.state();
  auto known = co_await parts_.git.commit(name, state.commit, service_);
  if (known) co_return Result<void>{};
  // A brace list inside a co_await expression breaks g++ 12.
  std::vector<std::string> branches(1, state.branch);
  auto fetched = co_await parts_.git.fetch(repository_.remote, std::move(branches), service_);
  if (!fetched) co_return fetched.error();
  known = co_await parts_.git.commit(name, state.commit, service_);
  if (!known) co_return known.error();
  co_return Result<void>{};
}

Task<Result<void>> RunCheckout::prepare() {
  const auto& run = rows_.state().id;
  const auto checkout = parts_.workspace.checkout(run);
  const bool there = parts_.workspace.has_checkout(run);
  if (there && trusted_) co_return Result<void>{};
  if (const auto error = given_up(rows_.state())) co_return *error;
  if (auto fetched = co_await fetch_commit(); !fetched) co_return fetched.error();
  // Of a service that was killed, or put there by somebody who wants it to be tested. It may be large: not on the loop.
  if (parts_.trees != nullptr) {
    Result<void> gone;
    if (there) gone = co_await parts_.trees->clear(checkout, service_);
    if (!there) gone = co_await parts_.trees->remove(checkout + ".new", service_);
    if (!gone) co_return gone.error();
  } else if (there) {
    auto gone = parts_.workspace.remove_checkout(run);
    if (!gone) co_return gone.error();
  }
  const WorkNote note(parts_.notes, run, "checkout");
  auto folder = parts_.workspace.begin_checkout(run);
  if (!folder) co_return folder.error();
  auto written = co_await parts_.git.checkout(repository_.remote.repository, rows_.state().commit, *folder, service_);
  if (!written) co_return written.error();
  auto finished = parts_.workspace.finish_checkout(run);
  trusted_ = finished.ok();
  co_return finished;
}

Task<void> RunCheckout::forget() {
  const auto& run = rows_.state().id;
  Result<void> removed;
  if (parts_.trees != nullptr)
    removed = co_await parts_.trees->clear(parts_.workspace.checkout(run), service_);
  else
    removed = parts_.workspace.remove_checkout(run);
  if (!removed) parts_.say(removed.error().message);
}

}  // namespace quietgate
