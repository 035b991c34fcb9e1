// Why a stage waits, as a sentence for people.
#pragma once

#include <set>
#include <string>

#include "runner/engine/admission/slot_counts.h"
#include "runner/ports/queue.h"

namespace quietgate {

// `waits for lock staging, held by web/12 staging; 3rd in line`. For waits for a lock, for its order, or for a slot of
// the repository or the service. `unreadable`: runs that may hold any lock.
std::string sentence_of(const Waiting& waiting, const SlotCounts& counts, const std::set<RunId>& unreadable);

}  // namespace quietgate
