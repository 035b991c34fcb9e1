#include "runner/engine/upkeep/retention.h"

namespace quietgate {

namespace {

constexpr Milliseconds retention_every{10 * 60'000};
constexpr Milliseconds pause{200};  // between batches: the service has better things to do
constexpr std::size_t batch = 20;

}  // namespace

Retention::Retention(Archive& archive, Clock& clock, RetentionRule rule, RemoveFiles remove_files, Say say)
    : archive_(archive), clock_(clock), rule_(rule), remove_files_(std::move(remove_files)), say_(std::move(say)) {}

Task<void> Retention::expire_runs(Stop& stop) {
  for (;;) {
    co_await look(stop);
    co_await clock_.sleep(retention_every, stop);
  }
}

Task<void> Retention::look(Stop& stop) {
  for (;;) {
    auto expired = co_await archive_.expired(rule_, clock_.now(), batch);
    if (!expired) {
      say_(expired.error().message);
      co_return;
    }
    if (expired->empty()) co_return;
    for (const auto& run : *expired) {
      auto forgotten = co_await archive_.expire(run);
      if (!forgotten) {
        say_(forgotten.error().message);
        co_return;  // a full disk; the next look tries again
      }
      auto removed = co_await remove_files_(run, stop);
      if (!removed) say_(removed.error().message);
    }
    co_await clock_.sleep(pause, stop);
  }
}

}  // namespace quietgate
