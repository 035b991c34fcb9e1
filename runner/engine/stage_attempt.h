// Performs one attempt of a stage: in its own folder and tree, under its timeout, to an outcome. Its steps continue
// when the process ends, and the next process resumes them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runner/engine/attempt_tree.h"
#include "runner/engine/parts.h"
#include "runner/engine/repository.h"
#include "runner/engine/run_clock.h"
#include "runner/engine/run_rows.h"
#include "runner/model/outcome.h"

namespace quietgate {

// The run of the attempt. All must outlive it.
struct RunContext {
  EngineParts& parts;
  const Repository& repository;
  const RunRows& rows;
  TreeRemovals& removals;
  Stop& service;
};

class StageAttempt {
 public:
  StageAttempt(const RunContext& run, std::string stage, int attempt, Slots::Claim claim);
  StageAttempt(const StageAttempt&) = delete;
  StageAttempt& operator=(const StageAttempt&) = delete;

  const std::string& stage() const { return stage_; }
  int number() const { return attempt_; }

  // Performs the attempt; throws nothing. The object must live until this has ended.
  Task<void> perform(bool resume);
  // After perform(). Nothing if the service stopped; the attempt is then resumed later.
  const std::optional<StageOutcome>& outcome() const { return outcome_; }
  void end();  // call it after perform() has returned
  bool over() const { return over_; }

  // Updates its timeout, which is paused while a person is asked.
  void keep_time(Time now);
  void say(const std::string& line);      // writes a line in brackets to its log
  void cancel(const std::string& cause);  // the run is cancelled; clean-up continues
  void leave(const std::string& cause);   // the service stops; no step is ended
  Slots::Claim claim() { return std::move(claim_); }

  // Removes the tree of an attempt whose end is recorded. Before that, the attempt may be resumed and need its tree.
  static void remove_tree(const std::shared_ptr<StageAttempt>& ended);

 private:
  Task<StageOutcome> run(bool resume);
  Task<StageOutcome> run_prepared(StageRequest request);
  Task<Result<std::string>> clear();
  Task<void> end_steps();
  void watch_disk(const std::string& directory);
  const StageSpec& spec() const;

  RunContext run_;
  std::string stage_;
  int attempt_;
  Stop runner_;
  Stop stop_;
  RunClock clock_;
  std::unique_ptr<StageLog> log_;
  std::optional<StageOutcome> outcome_;
  LowWater::Entry disk_;
  TreeLimit::Entry tree_;
  std::optional<StageOutcome> disk_ended_;  // set if it uses too much disk space
  Slots::Claim claim_;
  bool cleans_up_;
  bool over_ = false;
};

}  // namespace quietgate
