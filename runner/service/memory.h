// What a service holds of the machine's memory while it has nothing to do.
#pragma once

#include <functional>

#include "runner/base/task.h"
#include "runner/ports/journal.h"

namespace quietgate {

// Before the first thread begins: the few that there are share their heaps.
void share_heaps();

// Each time that the journal falls silent after a while of work: calls `drop_caches`, and gives the memory that is free
// then back to the system. Until stopped; throws Stopped.
Task<void> give_memory_back(Journal& journal, std::function<void()> drop_caches, Stop& stop);

}  // namespace quietgate
