// The runner's own dead man's switch: as long as it works, it calls something that notices when it stops.
#pragma once

#include <functional>
#include <string>

#include "runner/engine/upkeep/heartbeat_rule.h"
#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/journal.h"

namespace quietgate {

// Sends GET to the URL until stopped, first at once, each time only if the journal can be read. Whoever watches it
// tells people when it stays away; a call that fails is said when that begins and when it is over. Throws Stopped.
Task<void> beat(HeartbeatRule rule, Http& http, Catalog& catalog, Clock& clock,
                std::function<void(const std::string& line)> say, Stop& stop);

}  // namespace quietgate
