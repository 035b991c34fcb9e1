// What a service holds of the machine's memory while it has nothing to do.
#pragma once

#include <functional>

#include "runner/base/task.h"
#include "runner/ports/journal.h"

namespace quietgate {

// Before the first thread begins: the few that there are share their heaps.
void share_heaps();

// Each time that the journal falls silent after a while of work, `let_go` is called, and what is free then goes back to
// the system, which the allocator would keep. Until stopped; throws Stopped.
Task<void> give_memory_back(Journal& journal, std::function<void()> let_go, Stop& stop);

}  // namespace quietgate
