// A timer beside some work.
#pragma once

#include <functional>

#include "runner/ports/clock.h"

namespace quietgate {

// Calls `then` after the span, unless `until` is requested before. `clock` must outlive the timer.
void expire_after(Executor executor, Clock& clock, Milliseconds span, std::shared_ptr<Stop> until,
                  std::function<void()> then);

}  // namespace quietgate
