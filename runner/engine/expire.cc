#include "runner/engine/expire.h"

namespace quietgate {

namespace {

Task<void> expire(Clock& clock, Milliseconds span, std::shared_ptr<Stop> until, std::function<void()> then) {
  const bool over = co_await clock.passes(span, *until);
  // Whoever `then` is about may be gone when this goes on.
  if (over && !until->requested()) then();
}

}  // namespace

void expire_after(Executor executor, Clock& clock, Milliseconds span, std::shared_ptr<Stop> until,
                  std::function<void()> then) {
  spawn(executor, expire(clock, span, std::move(until), std::move(then)), [](std::exception_ptr) {});
}

}  // namespace quietgate
