// The URL and interval of the heartbeat.
#pragma once

#include <string>

#include "runner/model/types.h"

namespace quietgate {

struct HeartbeatRule {
  std::string url;  // http or https; empty: no heartbeat
  Milliseconds every{60'000};
  bool operator==(const HeartbeatRule&) const = default;
};

}  // namespace quietgate
