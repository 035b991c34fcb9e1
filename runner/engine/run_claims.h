// The slots and locks that one run waits for or holds, from the request of a stage until its end is recorded.
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

  // Takes the slots and locks of active work, before new work can.
  void take_up();
  // Requests what the stage needs. Returns whether it is granted now; otherwise `when_granted` is called later, at most
  // once.
  bool ask(const StageSpec& spec, std::function<void()> when_granted);
  // The claim that ask() granted.
  Slots::Claim granted(const std::string& stage);
  // The claim of an attempt that continues.
  Slots::Claim resumed(const StageSpec& spec);
  // Withdraws the requests of stages that no longer wait.
  template <typename Waits>
  void forget_unless(const Waits& waits) {
    std::erase_if(asked_, [&](const auto& asked) { return !waits(asked.first); });
  }
  void forget_all() { asked_.clear(); }

  // Keeps the claim while the stage's start is being recorded; then the attempt owns it.
  void begin(const std::string& stage, Slots::Claim claim) { starting_[stage] = std::move(claim); }
  Slots::Claim begun(const std::string& stage);
  // Keeps the claim while the end of an attempt is being recorded, or until another process resumes the attempt.
  void hold(const std::string& stage, Slots::Claim claim) { held_[stage] = std::move(claim); }
  void let_go(const std::string& stage) { held_.erase(stage); }

  // Updates the locks that the run keeps between its stages. Call it after every change of the state, before releasing
  // claims.
  void keep_locks();
  // The claims of work that continues without a driver; give them to the next driver of the run.
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
