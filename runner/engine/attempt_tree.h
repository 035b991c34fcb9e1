// Removes the trees of ended attempts in the background. Only the end of the run waits for it.
#pragma once

#include <memory>
#include <string>

#include "runner/ports/attempt_trees.h"

namespace quietgate {

class TreeRemovals {
 public:
  explicit TreeRemovals(Executor executor) : state_(std::make_shared<State>(executor)), executor_(executor) {}
  // Removes the attempt's tree in the background; `tell` is called with what could not be removed. `trees` and
  // `service` must outlive it.
  void begin(AttemptTrees& trees, std::string attempt_directory, Stop& service,
             std::function<void(const Error& error)> tell);
  // Returns when all begun removals have ended.
  Task<void> wait(Stop& stop);

 private:
  struct State {
    explicit State(Executor executor) : ended(std::move(executor)) {}
    Bell ended;
    int open = 0;
  };
  std::shared_ptr<State> state_;  // removals may outlive the run's driver
  Executor executor_;
};

}  // namespace quietgate
