// The service's dead man's switch: while the service works, it calls an external monitor, which notices when the calls
// stop.
#pragma once

#include <functional>
#include <string>

#include "runner/engine/upkeep/heartbeat_rule.h"
#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/journal.h"

namespace quietgate {

// Sends GET to the URL until stopped, first at once, each time only if the journal can be read. Logs when calls start
// to fail and when they work again. Throws Stopped.
Task<void> beat(HeartbeatRule rule, Http& http, Catalog& catalog, Clock& clock,
                std::function<void(const std::string& line)> say, Stop& stop);

}  // namespace quietgate
