// What a service holds of the machine's memory while it has nothing to do.
#pragma once

#include "runner/ports/journal.h"
#include "runner/ports/task.h"

namespace quietgate {

// Before the first thread begins: the few that there are share their heaps.
void share_heaps();

// Each time that the journal falls silent after a while of work, what that work has freed goes back to the system,
// which the allocator would keep. Until stopped; throws Stopped.
Task<void> give_memory_back(Journal& journal, Stop& stop);

}  // namespace quietgate
