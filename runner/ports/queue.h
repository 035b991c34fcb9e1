// What waits in the service, and for what. Derived from what runs now; never in the journal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runner/model/types.h"

namespace quietgate {

struct LockHolder {
  RunId run;
  std::string stage;
  Time since{};
  bool kept = false;  // by the run between its stages, for its environment
  bool operator==(const LockHolder&) const = default;
};

struct Waiting {
  // lock: its holders have it.  order: taking the lock now could leave two runs waiting for each other.
  // repository, service: so many stages work already.  branch: runs before it on the branch have not ended.
  // person: it asks one.
  enum class For { lock, order, repository, service, branch, person };
  RunId run;
  std::string stage;  // empty: the whole run
  Time since{};
  For what = For::service;
  std::string lock;                 // lock, order
  std::vector<LockHolder> holders;  // lock: who has it; order: who is in the way
  int position = 1;                 // in the line for the same thing, from 1
  std::string reason;               // a sentence: `waits for lock staging-cluster, held by web/12 staging; 3rd in line`
  Time until{};                     // person: when it gives up; the epoch: never
};

class Queue {
 public:
  virtual ~Queue() = default;
  // In the order in which they came.
  virtual std::vector<Waiting> waiting() = 0;
  // Whether `waiting` names the run: costs little however many wait.
  virtual bool waits(const RunId& run) = 0;
  // Whether the run may ask a person now: costs as little. Who can't tell says yes.
  virtual bool asks(const RunId&) { return true; }
  // Another number after every change of what `waiting` answers.
  virtual std::uint64_t version() const = 0;
};

constexpr const char* to_string(Waiting::For what) {
  constexpr const char* names[] = {"lock", "order", "repository", "service", "branch", "person"};
  return names[static_cast<int>(what)];
}

}  // namespace quietgate
