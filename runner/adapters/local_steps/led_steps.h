// Steps as processes of this machine, each under a leader of its own (runner/leader, docs/leader.md), by their files.
#pragma once

#include <memory>

#include "runner/adapters/local_steps/leader_spawn.h"
#include "runner/leader/step_record.h"
#include "runner/ports/step_confinement.h"

namespace quietgate {

constexpr std::uint64_t default_log_limit = 1ULL << 30;

struct LedStep;

// What is done for a step before it begins, and for none that was begun before.
class StepPreparation {
 public:
  virtual ~StepPreparation() = default;
  virtual Task<Result<void>> prepare(LedStep& step, Stop& stop) = 0;
};

// All paths are absolute, or empty: none.
struct LedStep : StepCommand {
  std::string record;       // whose folder is made
  std::string script_file;  // for `script`
  std::string working_directory;
  std::string log;  // that output is appended to, with its time index beside it (`LOG.index`)
  std::string output;
  StepPreparation* preparation = nullptr;  // outlives the step's begin; null: none
  std::shared_ptr<StepSpec> spec;          // what was asked for, for the preparation
  std::optional<ConfinedStep> sandbox;
  std::string joins;  // the record of the step whose sandbox it joins
};

class LedSteps {
 public:
  explicit LedSteps(Executor executor);
  ~LedSteps();  // leaders go on
  // Bytes of a log, from the next step on; 0: none.
  void limit_logs(std::uint64_t bytes) { log_limit_ = bytes; }
  LedSteps(const LedSteps&) = delete;
  LedSteps& operator=(const LedSteps&) = delete;

  // As StepExecutor says of steps and their names: the record's path is the name.
  Task<Result<StepExit>> run(LedStep step, Stop& stop);
  Task<Result<void>> start(LedStep step, Stop& stop);
  Result<std::optional<StepExit>> status(const std::string& record);
  Task<Result<void>> end(std::string record, Stop& stop);

 private:
  struct Leading;  // a leader that lives, or lived until now
  struct Found {   // of a step
    StepHistory history;
    bool begun = false;                // maybe; its end need not be known
    std::unique_ptr<Leading> leading;  // it runs
    std::optional<Descriptor> lock;    // nobody leads it. Held until then
  };
  Task<Result<Found>> find(StepRecord record);
  // Likewise, of this very attempt's step: what another one left under its name is ended and set aside.
  Task<Result<Found>> find_own(const LedStep& step, StepRecord record, Stop& stop);
  Task<Result<std::unique_ptr<Leading>>> lead(LedStep step, bool tells_begin, StepRecord record, Found found,
                                              Stop& stop);
  std::unique_ptr<Leading> watched(Descriptor pid, Descriptor report) const;
  Task<void> nap(Milliseconds span);
  Task<Result<StepExit>> wait(StepRecord record, std::unique_ptr<Leading> leading, std::string nonce, Stop& stop);
  Task<void> end_leader(const Leading& leading, Milliseconds grace);
  bool is_of_another_boot(const LedStep& step) const;
  // `begun_in`: the boot in which it may have begun though nothing tells of it; empty: not known.
  Task<Result<StepExit>> bury(StepRecord record, Found found, std::string died_how, std::string begun_in);

  Executor executor_;
  std::shared_ptr<Children> children_;
  std::unique_ptr<LeaderSource> source_;
  std::string boot_;
  std::uint64_t log_limit_ = default_log_limit;
  std::uint64_t kept_ = 0;  // when a step ended last that may have left processes on purpose; ticks since boot
};

}  // namespace quietgate
