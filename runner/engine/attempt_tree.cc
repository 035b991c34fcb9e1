#include "runner/engine/attempt_tree.h"

#include <utility>

namespace quietgate {

namespace {

Task<void> remove(AttemptTrees& trees, std::string attempt_directory, Stop& service,
                  std::function<void(const Error& error)> tell) {
  auto closed = co_await trees.close(std::move(attempt_directory), service);
  if (!closed) tell(closed.error());
}

}  // namespace

void TreeRemovals::begin(AttemptTrees& trees, std::string attempt_directory, Stop& service,
                         std::function<void(const Error& error)> tell) {
  ++state_->open;
  // One that a stop of the service ends is begun again when its run is taken up.
  spawn(executor_, remove(trees, std::move(attempt_directory), service, std::move(tell)),
        [state = state_](std::exception_ptr) {
          --state->open;
          state->ended.ring();
        });
}

Task<void> TreeRemovals::wait(Stop& stop) {
  while (state_->open > 0) {
    const auto seen = state_->ended.rings();
    co_await state_->ended.wait(seen, stop);
  }
}

}  // namespace quietgate
