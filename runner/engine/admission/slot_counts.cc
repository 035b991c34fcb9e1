#include "runner/engine/admission/slot_counts.h"

#include <utility>

namespace quietgate {

namespace {

std::string in_words(int used, int limit) {
  auto words = std::to_string(used) + " of " + std::to_string(limit) + " stages run";
  const int kept = reserved_slots(limit);
  if (used >= limit) return words;
  return words + ", and the last " + (kept == 1 ? "is" : std::to_string(kept) + " are") +
         " reserved for protected branches";
}

}  // namespace

SlotCounts::SlotCounts(int stages, std::map<std::string, int> repositories)
    : stages_(stages), repositories_(std::move(repositories)) {}

void SlotCounts::count(const SlotRequest& request, int by) {
  if (!request.needs_slot) return;
  const auto add = [by](auto& counts, const auto& key) {
    auto& count = counts[key];
    count += by;
    if (count == 0) counts.erase(key);
  };
  used_ += by;
  add(held_.repositories, request.run.repository);
  add(held_.branches, branch_of(request));
  if (!request.unprotected) return;
  unprotected_ += by;
  add(unprotected_by_, request.run.repository);
}

bool SlotCounts::service_full(const SlotRequest& request) const {
  if (used_ >= stages_) return true;
  return request.unprotected && unprotected_ >= stages_ - reserved_slots(stages_);
}

bool SlotCounts::repository_full(const SlotRequest& request) const {
  auto limit = repositories_.find(request.run.repository);
  if (limit == repositories_.end()) return false;
  const auto count = [&](const std::map<std::string, int>& counts) {
    auto own = counts.find(request.run.repository);
    return own == counts.end() ? 0 : own->second;
  };
  if (count(held_.repositories) >= limit->second) return true;
  return request.unprotected && count(unprotected_by_) >= limit->second - reserved_slots(limit->second);
}

bool SlotCounts::free_for(const SlotRequest& request) const {
  return !request.needs_slot || (!service_full(request) && !repository_full(request));
}

std::string SlotCounts::service_in_words() const {
  return in_words(used_, stages_);
}

std::string SlotCounts::repository_in_words(const std::string& repository) const {
  return in_words(held_.repositories.at(repository), repositories_.at(repository));
}

}  // namespace quietgate
