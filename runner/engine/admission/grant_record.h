// Who was served when, for all and for each lock: who was not for long comes first.
#pragma once

#include <map>
#include <string>

#include "runner/engine/admission/slot_queue.h"

namespace quietgate {

class GrantRecord {
 public:
  // Somebody of the branch waits, works or keeps something; and no more. Nothing is remembered of a branch of which
  // nobody does: branches come and go for years.
  void arrived(const SlotRequest& request) { ++present_[branch_of(request)]; }
  void left(const BranchName& branch);
  // `passes`, `passes_at_lock`: somebody of an unprotected branch could have had it, among all, and in the lock's
  // queue.
  void add(const SlotRequest& request, std::uint64_t when, bool passes, bool passes_at_lock);
  // Nobody holds the lock or waits for it.
  void forget(const std::string& lock) { of_lock_.erase(lock); }

  const GrantHistory& of_all() const { return of_all_; }
  const GrantHistory& of(const std::string& lock) const;

 private:
  GrantHistory of_all_;
  std::map<std::string, GrantHistory> of_lock_;
  std::map<BranchName, int> present_;
};

}  // namespace quietgate
