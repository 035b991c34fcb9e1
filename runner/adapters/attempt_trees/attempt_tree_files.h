// Trees of attempts on a file system: an overlay over the run's checkout if it can be mounted, else a copy.
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
    bool mounts = false;                                    // this process has its own mounts: enter_own_mounts()
    TreeLimits tiny{.entries = 32, .bytes = 128UL * 1024};  // copied on the event loop, because that is the cheapest
    // Who works in trees, if it is another user than this process's: everything in a tree is given to that user.
    unsigned owner = 0;  // 0: this process's user
    std::function<Result<void>(const std::string& path)> give = [](const std::string&) { return Result<void>(); };
    std::function<void(const std::string& line)> say = [](const std::string&) {};
  };
  // `disk` must outlive it.
  AttemptTreeFiles(Disk& disk, Ways ways);

  Task<Result<std::string>> open(std::string checkout, std::string attempt_directory, bool resume, Stop& stop) override;
  Task<Result<void>> close(std::string attempt_directory, Stop& stop) override;
  Task<Result<void>> remove(std::string folder, Stop& stop) override;
  Task<Result<void>> clear(std::string checkout, Stop& stop) override;
  std::string written(const std::string& attempt_directory) const override;

 private:
  // State shared with work on other threads, which may end after its caller.
  struct Shared {
    explicit Shared(Ways with) : ways(std::move(with)), mounts(ways.mounts) {}
    const Ways ways;
    std::atomic<bool> mounts;
    std::mutex mutex;
    std::map<std::string, std::weak_ptr<std::mutex>> busy;  // by attempt: one operation at a time on its tree
    std::shared_ptr<std::mutex> turn(const std::string& attempt);
  };
  static Result<void> make(Shared& shared, const std::string& checkout, const std::string& attempt, bool resume,
                           const Disk::StopFlag& stop);
  static Result<void> discard(Shared& shared, const std::string& attempt, const Disk::StopFlag* stop);

  Disk& disk_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace quietgate
