#include "runner/engine/upkeep/reaper.h"

#include <algorithm>
#include <map>

#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr Milliseconds reap_every{2'000};
constexpr Milliseconds look_again{60'000};  // whether a run still releases: that is read from all its rows

struct Busy {
  Busy(std::set<std::string>& of, Bell& bell, std::string environment)
      : set(of), freed(bell), id(std::move(environment)) {
    set.insert(id);
  }
  ~Busy() {
    set.erase(id);
    freed.ring();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  std::set<std::string>& set;
  Bell& freed;
  std::string id;
};

}  // namespace

Milliseconds destroy_delay(int tries) {
  Milliseconds delay{5'000};
  for (int i = 1; i < tries && delay < Milliseconds{600'000}; ++i) delay *= 2;
  return std::min(delay, Milliseconds{600'000});
}

Reaper::Reaper(Journal& journal, Catalog& catalog, Clock& clock, EnvironmentDestroyer& destroyer, Executor executor,
               Say say)
    : journal_(journal),
      catalog_(catalog),
      clock_(clock),
      destroyer_(destroyer),
      say_(std::move(say)),
      freed_(std::move(executor)) {}

Task<void> Reaper::destroy(std::string environment, std::string cause, Stop& stop) {
  for (auto seen = freed_.rings(); busy_.contains(environment); seen = freed_.rings()) co_await freed_.wait(seen, stop);
  Busy busy(busy_, freed_, environment);
  auto live = co_await catalog_.environments();
  if (!live) {
    say_("environment " + environment + " can't be looked up: " + live.error().message);
    co_return;
  }
  auto found =
      std::find_if(live->begin(), live->end(), [&](const EnvironmentSummary& e) { return e.id == environment; });
  if (found == live->end()) co_return;
  const auto run = found->run;
  const auto tries = found->destroy_tries + 1;
  auto destroyed = co_await destroyer_.destroy(*found, stop);
  Event event = EnvironmentDestroyed{environment, run, cause};
  if (!destroyed) {
    event = EnvironmentNotDestroyed{environment, run, destroyed.error().message, tries};
    say_("environment " + environment + " could not be destroyed (try " + std::to_string(tries) +
         "): " + destroyed.error().message);
  }
  std::vector<Event> events;
  events.push_back(std::move(event));
  auto appended = co_await journal_.append(std::move(events));
  if (!appended) say_(appended.error().message);
}

Task<void> Reaper::reap(Stop& stop) {
  for (;;) {
    co_await look(stop);
    co_await clock_.sleep(reap_every, stop);
  }
}

Task<Result<std::string>> Reaper::due(const EnvironmentSummary& environment) {
  if (environment.keep) co_return std::string();
  auto run = co_await catalog_.run(environment.run);
  if (!run) co_return run.error();
  if (!run->has_value() || (*run)->status == RunStatus::finished) co_return std::string("its run has ended");
  if (clock_.now() >= environment.expires)
    co_return "its time to live of " + human_duration(environment.expires - environment.created) + " is over";
  co_return std::string();
}

Task<void> Reaper::look(Stop& stop) {
  auto environments = co_await catalog_.environments();
  if (!environments) {
    say_(environments.error().message);
    co_return;
  }
  for (const auto& environment : *environments) {
    if (busy_.contains(environment.id)) continue;
    auto cause = co_await due(environment);
    if (!cause) say_(cause.error().message);
    if (!cause || cause->empty()) continue;
    auto waited = last_try_.find(environment.id);
    if (environment.destroy_tries > 0 && waited != last_try_.end()) {
      // A try in the future: the clock was set back.
      const auto since = clock_.now() - waited->second;
      if (since >= Milliseconds{0} && since < destroy_delay(environment.destroy_tries)) continue;
    }
    last_try_[environment.id] = clock_.now();
    auto run = co_await catalog_.run(environment.run);
    if (run && run->has_value() && (*run)->status != RunStatus::finished) {
      if (cancelled_.contains(environment.id)) continue;  // it is ending already
      const auto held = held_since_.find(environment.id);
      const auto since = held == held_since_.end() ? look_again : clock_.now() - held->second;
      if (since >= Milliseconds{0} && since < look_again) continue;
      held_since_[environment.id] = clock_.now();
      const auto folded = co_await fold_run(journal_, environment.run);
      // What is promoted is deployed first; the end of the run destroys what it was tested in.
      if (!folded || (folded->releases && !folded->cancel)) continue;
      // Its time may have been made longer since it was listed.
      const auto life = folded->environments.find(environment.id);
      if (life != folded->environments.end() && !life->second.unwanted && clock_.now() < life->second.expires) {
        held_since_.erase(environment.id);
        continue;
      }
      cancelled_.insert(environment.id);
      std::vector<Event> events{
          CancelRequested{environment.run, "quietgate", "environment " + environment.id + ": " + *cause}};
      auto appended = co_await journal_.append(std::move(events));
      if (!appended) {
        say_(appended.error().message);
        cancelled_.erase(environment.id);
      }
      continue;  // the run's end destroys it
    }
    co_await destroy(environment.id, *cause, stop);
  }
  auto gone = [&](const std::string& id) {
    return std::none_of(environments->begin(), environments->end(),
                        [&](const EnvironmentSummary& e) { return e.id == id; });
  };
  std::erase_if(last_try_, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(held_since_, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(cancelled_, gone);
}

}  // namespace quietgate
