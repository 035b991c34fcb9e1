// Time zones of this machine.
#pragma once

#include <optional>
#include <string>

#include "runner/base/result.h"
#include "stages/gate/moments.h"

namespace quietgate {

// Such as Europe/Berlin or UTC; empty: the machine's own zone. Any other zone is valid only while a ZoneInUse exists.
Result<LocalTime> zone_named(const std::string& name);

// While this exists, the C library uses the zone as local time; empty: the machine's own. One thread only.
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
