// Time zones of this machine.
#pragma once

#include <optional>
#include <string>

#include "runner/base/result.h"
#include "stages/gate/moments.h"

namespace quietgate {

// As Europe/Berlin or UTC; empty: the machine's own. Another one than that and UTC only holds while it is in use
// (below).
Result<LocalTime> zone_named(const std::string& name);

// The zone that the C library takes for local time, while this exists; empty: the machine's own. One thread only.
class ZoneInUse {
 public:
  explicit ZoneInUse(const std::string& name);
  ~ZoneInUse();
  ZoneInUse(const ZoneInUse&) = delete;
  ZoneInUse& operator=(const ZoneInUse&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace quietgate
