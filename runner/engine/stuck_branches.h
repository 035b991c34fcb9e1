// The branches of one repository that moved and can't be followed at the moment: their commits can't be fetched or
// read. Each waits longer after each failure, until it moves again, and holds nobody else up.
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
    int times = 0;  // in a row, at this commit
    Error error;
  };

  // What is no move any more, or goes to another commit, is forgotten.
  void keep_only(const std::vector<RefMoved>& moves);
  bool contains(const RefMoved& move) const;
  // Of those moves that are stuck, the one that waits longest beyond its time; null: none is due.
  const RefMoved* due(const std::vector<RefMoved>& moves, Time now) const;
  // Notes a failure; the branch waits for `interval`, doubled per failure up to five minutes.
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
