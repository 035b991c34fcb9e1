// Trees of attempts on a file system: an overlay over the run's checkout where one can be mounted, else a copy.
//   <attempt>/tree   <attempt>/tree.upper, tree.work (of an overlay)   <attempt>/tree.new (a copy that is being made)
//   <attempt>/own: what else its steps may write, which goes with the tree
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "runner/base/tree_copy.h"
#include "runner/ports/attempt_trees.h"
#include "runner/ports/disk.h"

namespace quietgate {

class AttemptTreeFiles final : public AttemptTrees {
 public:
  struct Ways {
    bool mounts = false;                                    // this process has mounts of its own: enter_own_mounts()
    TreeLimits tiny{.entries = 32, .bytes = 128UL * 1024};  // copied at once, on the loop: cheaper than all else
    // Who works in trees, when it isn't this process's user: all that is in one is given to that one.
    unsigned owner = 0;  // 0: this process's
    std::function<Result<void>(const std::string& path)> give = [](const std::string&) { return Result<void>(); };
    std::function<void(const std::string& line)> say = [](const std::string&) {};
  };
  // `disk` outlives it.
  AttemptTreeFiles(Disk& disk, Ways ways);

  Task<Result<std::string>> open(std::string checkout, std::string attempt_directory, bool resume, Stop& stop) override;
  Task<Result<void>> close(std::string attempt_directory, Stop& stop) override;
  Task<Result<void>> remove(std::string folder, Stop& stop) override;
  Task<Result<void>> clear(std::string checkout, Stop& stop) override;
  std::string written(const std::string& attempt_directory) const override;

 private:
  // What the work on other threads shares: it may end after its caller.
  struct Shared {
    explicit Shared(Ways with) : ways(std::move(with)), mounts(ways.mounts) {}
    const Ways ways;
    std::atomic<bool> mounts;
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<std::mutex>> busy;  // by attempt: one at a time works on its tree
    std::shared_ptr<std::mutex> turn(const std::string& attempt);
  };
  static Result<void> make(Shared& shared, const std::string& checkout, const std::string& attempt, bool resume,
                           const Disk::StopFlag& stop);
  static Result<void> discard(Shared& shared, const std::string& attempt, const Disk::StopFlag* stop);

  Disk& disk_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace quietgate
