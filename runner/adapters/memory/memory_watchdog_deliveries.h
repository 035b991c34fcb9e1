// The watchdog deliveries to this process.
#pragma once

#include <cstddef>
#include <map>

#include "runner/ports/watchdog_deliveries.h"

namespace quietgate {

class MemoryWatchdogDeliveries final : public WatchdogDeliveries {
 public:
  static constexpr std::size_t most_receivers = 1000;
  bool keep(const std::string& receiver, Time at) override;
  std::optional<Time> last(const std::string& receiver) const override;

 private:
  std::map<std::string, Time> last_;
};

}  // namespace quietgate
