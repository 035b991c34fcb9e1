// The places and locks that one run waits for or holds, from the moment in which a stage asks until its end is on
// record.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/engine/admission/slots.h"
#include "runner/engine/repository.h"
#include "runner/model/plan.h"
#include "runner/model/state.h"
#include "runner/ports/clock.h"

namespace quietgate {

class RunClaims {
 public:
  // All outlive it.
  RunClaims(Slots& slots, Clock& clock, const Repository& repository, const RunState& state);

  // Of what is found under way, before anybody new can have it.
  void take_up();
  // Asks for what the stage needs; `when_granted` is called at most once, later. Whether it is granted.
  bool ask(const StageSpec& spec, std::function<void()> when_granted);
  // Of a stage that ask() granted.
  Slots::Claim granted(const std::string& stage);
  // Of an attempt that goes on.
  Slots::Claim resumed(const StageSpec& spec);
  // Stages that don't wait any more are asked for nothing.
  template <typename Waits>
  void forget_unless(const Waits& waits) {
    std::erase_if(asked_, [&](const auto& asked) { return !waits(asked.first); });
  }
  void forget_all() { asked_.clear(); }

  // While the stage's start is being recorded, whatever comes of that; then it is the attempt's.
  void begin(const std::string& stage, Slots::Claim claim) { starting_[stage] = std::move(claim); }
  Slots::Claim begun(const std::string& stage);
  // While the end of an attempt is being recorded, or until another process takes it up.
  void hold(const std::string& stage, Slots::Claim claim) { held_[stage] = std::move(claim); }
  void let_go(const std::string& stage) { held_.erase(stage); }

  // The locks that the state keeps between its stages. After every change of it, before what was granted is given back.
  void keep_locks();
  // For who drives the run next: what goes on without a driver holds its place and locks on.
  std::vector<Slots::Claim> hand_over();

 private:
  SlotRequest request_for(const StageSpec& spec) const;

  Slots& slots_;
  Clock& clock_;
  const Repository& repository_;
  const RunState& state_;
  std::map<std::string, Slots::Claim> asked_;     // by stage
  std::map<std::string, Slots::Claim> starting_;  // by stage
  std::map<std::string, Slots::Claim> held_;      // by stage
  std::map<std::string, Slots::Claim> kept_;      // by lock
};

}  // namespace quietgate
