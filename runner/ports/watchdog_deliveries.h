// What Alertmanagers delivered to the runner's webhook: the proof that the way from a rule to a receiver is whole. A
// port, because the API hears and the gate asks; no event, because each delivery outdates the one before. The loop
// alone calls it.
#pragma once

#include <optional>
#include <string>

#include "runner/base/time.h"

namespace quietgate {

class WatchdogDeliveries {
 public:
  virtual ~WatchdogDeliveries() = default;
  // A delivery to this receiver came in. False: it is a new one and too many are known, so nothing is kept.
  virtual bool keep(const std::string& receiver, Time at) = 0;
  // When the last one came in; nothing: none did since the service started.
  virtual std::optional<Time> last(const std::string& receiver) const = 0;
};

}  // namespace quietgate
