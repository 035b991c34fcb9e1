#include "runner/adapters/memory/memory_watchdog_deliveries.h"

namespace quietgate {

bool MemoryWatchdogDeliveries::keep(const std::string& receiver, Time at) {
  if (!last_.contains(receiver) && last_.size() >= most_receivers) return false;
  last_[receiver] = at;
  return true;
}

std::optional<Time> MemoryWatchdogDeliveries::last(const std::string& receiver) const {
  const auto found = last_.find(receiver);
  return found == last_.end() ? std::nullopt : std::optional<Time>(found->second);
}

}  // namespace quietgate
