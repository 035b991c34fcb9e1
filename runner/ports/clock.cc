#include "runner/ports/clock.h"

namespace quietgate {

Task<bool> Clock::passes(Milliseconds span, Stop& stop) {
  try {
    co_await sleep(span, stop);
  } catch (const Stopped&) {
    co_return false;
  }
  co_return true;
}

}  // namespace quietgate
