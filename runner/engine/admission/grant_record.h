// The history of grants, overall and for each lock: whoever waited longest since the last grant comes first.
#pragma once

#include <map>
#include <string>

#include "runner/engine/admission/slot_queue.h"

namespace quietgate {

class GrantRecord {
 public:
  // Counts requests of a branch that wait, run or keep a lock. A branch without any is forgotten, because branches come
  // and go for years.
  void arrived(const SlotRequest& request) { ++present_[branch_of(request)]; }
  void left(const BranchName& branch);
  // `passes`, `passes_at_lock`: a stage of an unprotected branch could have been granted, overall, and in the lock's
  // queue.
  void add(const SlotRequest& request, std::uint64_t when, bool passes, bool passes_at_lock);
  // Call it when no run holds the lock or waits for it.
  void forget(const std::string& lock) { of_lock_.erase(lock); }

  const GrantHistory& of_all() const { return of_all_; }
  const GrantHistory& of(const std::string& lock) const;

 private:
  GrantHistory of_all_;
  std::map<std::string, GrantHistory> of_lock_;
  std::map<BranchName, int> present_;
};

}  // namespace quietgate
