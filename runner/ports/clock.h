// Time, as the engine asks for it. A fake advances by hand.
#pragma once

#include "runner/base/task.h"
#include "runner/model/types.h"

namespace quietgate {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  // Returns after the span, which is measured on a clock that never jumps. Throws Stopped. A negative span returns at
  // once.
  virtual Task<void> sleep(Milliseconds span, Stop& stop) = 0;
  // As sleep(), but tells a stop: false when it came before the span was over.
  virtual Task<bool> passes(Milliseconds span, Stop& stop);
};

}  // namespace quietgate
