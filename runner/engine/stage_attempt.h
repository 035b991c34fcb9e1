// One attempt of a stage, as this process performs it: in a folder and a tree of its own, under its timeout, to an
// outcome. What it began outside goes on when the process ends, and is taken up by the next.
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

// Whose attempt it is. All outlive it.
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

  // Performs it; throws nothing. It must live until this has ended.
  Task<void> perform(bool resume);
  // After perform(): nothing, when the service stopped, and it is taken up again.
  const std::optional<StageOutcome>& outcome() const { return outcome_; }
  void end();  // perform() has returned
  bool over() const { return over_; }

  // Of its timeout, which stands still while a person is asked.
  void keep_time(Time now);
  void say(const std::string& line);      // in its log, in brackets
  void cancel(const std::string& cause);  // of its run: what cleans up goes on
  void leave(const std::string& cause);   // the service stops: nothing is ended
  Slots::Claim claim() { return std::move(claim_); }

  // Of an attempt whose end is on record: until then it may be taken up again, and what its steps left be wanted.
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
  std::optional<StageOutcome> disk_ended_;  // it takes too much of the disk
  Slots::Claim claim_;
  bool cleans_up_;
  bool over_ = false;
};

}  // namespace quietgate
