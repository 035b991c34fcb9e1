// The removal of the trees in which attempts worked, which nobody waits for but the run's end.
#pragma once

#include <memory>
#include <string>

#include "runner/ports/attempt_trees.h"

namespace quietgate {

class TreeRemovals {
 public:
  explicit TreeRemovals(Executor executor) : state_(std::make_shared<State>(executor)), executor_(executor) {}
  // Removes the attempt's tree beside everything else; `tell` hears what stays of it. `trees` and `service` outlive it.
  void begin(AttemptTrees& trees, std::string attempt_directory, Stop& service,
             std::function<void(const Error& error)> tell);
  // Returns when all that were begun have ended.
  Task<void> wait(Stop& stop);

 private:
  struct State {
    explicit State(Executor executor) : ended(std::move(executor)) {}
    Bell ended;
    int open = 0;
  };
  std::shared_ptr<State> state_;  // removals may go on when the run's driver is gone
  Executor executor_;
};

}  // namespace quietgate
