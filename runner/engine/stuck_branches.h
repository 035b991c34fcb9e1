// Branches of one repository that moved, but whose commits can't be fetched or read at the moment. Each waits longer
// after each failure, until it moves again, and does not hold up other branches.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/event.h"

namespace quietgate {

class StuckBranches {
 public:
  struct Failure {
    int times = 0;  // consecutive failures, at this commit
    Error error;
  };

  // Forgets branches that are not in `moves`, or that moved to another commit.
  void keep_only(const std::vector<RefMoved>& moves);
  bool contains(const RefMoved& move) const;
  // The stuck move that is overdue for the longest time; null if none is due.
  const RefMoved* due(const std::vector<RefMoved>& moves, Time now) const;
  // Records a failure; the branch then waits for `interval`, doubled per failure up to five minutes.
  const Failure& add(const RefMoved& move, Error error, Milliseconds interval, Time now);
  void remove(const std::string& branch) { stuck_.erase(branch); }

 private:
  struct Stuck {
    CommitId commit;
    Failure failure;
    Time next{};
  };
  std::map<std::string, Stuck> stuck_;
};

}  // namespace quietgate
