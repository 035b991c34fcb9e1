// Keeps the memory of an idle service small.
#pragma once

#include <functional>

#include "runner/base/task.h"
#include "runner/ports/journal.h"

namespace quietgate {

// Call it before the first thread starts: threads then share their heaps.
void share_heaps();

// Whenever the journal falls silent after some work, calls `drop_caches` and returns free memory to the system. Runs
// until stopped; throws Stopped.
Task<void> give_memory_back(Journal& journal, std::function<void()> drop_caches, Stop& stop);

}  // namespace quietgate
