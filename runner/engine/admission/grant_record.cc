#include "runner/engine/admission/grant_record.h"

namespace quietgate {

void GrantRecord::left(const BranchName& branch) {
  auto found = present_.find(branch);
  if (--found->second > 0) return;
  present_.erase(found);
  of_all_.branches.erase(branch);
  for (auto& [lock, grants] : of_lock_) grants.branches.erase(branch);
}

void GrantRecord::add(const SlotRequest& request, std::uint64_t when, bool passes, bool passes_at_lock) {
  of_all_.add(request, when, passes);
  if (!request.lock.empty()) of_lock_[request.lock].add(request, when, passes_at_lock);
}

const GrantHistory& GrantRecord::of(const std::string& lock) const {
  static const GrantHistory none;
  auto found = of_lock_.find(lock);
  return found == of_lock_.end() ? none : found->second;
}

}  // namespace quietgate
