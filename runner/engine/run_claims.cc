#include "runner/engine/run_claims.h"

#include <utility>
#include <variant>

#include "runner/engine/stage_request.h"

namespace quietgate {

RunClaims::RunClaims(Slots& slots, Clock& clock, const Repository& repository, const RunState& state)
    : slots_(slots), clock_(clock), repository_(repository), state_(state) {}

SlotRequest RunClaims::request_for(const StageSpec& spec) const {
  SlotRequest request{state_.id,           spec.name,   traits_of(spec).takes_slot, spec.lock, keeps_lock(spec),
                      later_locks(state_), clock_.now()};
  request.branch = state_.branch;
  request.unprotected = !is_protected(repository_, state_.branch);
  return request;
}

void RunClaims::take_up() {
  for (const auto& spec : state_.plan->stages) {
    const auto& stage = state_.stages.at(spec.name);
    if (stage.status != StageStatus::running && stage.status != StageStatus::awaiting_approval) continue;
    auto held = request_for(spec);
    held.since = stage.attempt_started;
    if (held.needs_slot || !held.lock.empty()) held_.emplace(spec.name, slots_.take(std::move(held)));
  }
  keep_locks();
}

bool RunClaims::ask(const StageSpec& spec, std::function<void()> when_granted) {
  auto asked = asked_.find(spec.name);
  if (asked == asked_.end())
    asked = asked_.emplace(spec.name, slots_.ask(request_for(spec), std::move(when_granted))).first;
  return asked->second.granted();
}

Slots::Claim RunClaims::granted(const std::string& stage) {
  const auto asked = asked_.find(stage);
  auto claim = std::move(asked->second);
  asked_.erase(asked);
  return claim;
}

Slots::Claim RunClaims::resumed(const StageSpec& spec) {
  const auto found = held_.find(spec.name);
  if (found == held_.end()) return slots_.take(request_for(spec));
  auto claim = std::move(found->second);
  held_.erase(found);
  return claim;
}

Slots::Claim RunClaims::begun(const std::string& stage) {
  const auto found = starting_.find(stage);
  auto claim = std::move(found->second);
  starting_.erase(found);
  return claim;
}

void RunClaims::keep_locks() {
  const auto locks = kept_locks(state_);
  for (const auto& lock : locks) {
    if (kept_.contains(lock)) continue;
    SlotRequest kept{state_.id, {}, false, lock, true, later_locks(state_), clock_.now()};
    for (const auto& spec : state_.plan->stages) {
      if (spec.lock != lock || !keeps_lock(spec) || state_.stages.at(spec.name).attempt == 0) continue;
      kept.stage = spec.name;
      kept.since = state_.stages.at(spec.name).started;
      break;
    }
    kept_.emplace(lock, slots_.keep(std::move(kept)));
  }
  std::erase_if(kept_, [&](const auto& kept) { return !locks.contains(kept.first); });
}

std::vector<Slots::Claim> RunClaims::hand_over() {
  std::vector<Slots::Claim> all;
  for (auto* claims : {&starting_, &held_, &kept_}) {
    for (auto& [name, claim] : *claims) all.push_back(std::move(claim));
    claims->clear();
  }
  return all;
}

}  // namespace quietgate
