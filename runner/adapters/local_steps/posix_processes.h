// Steps as processes of this machine, each under a leader of its own (runner/leader, docs/leader.md).
#pragma once

#include <memory>

#include "runner/adapters/local_steps/leader_spawn.h"
#include "runner/leader/step_record.h"
#include "runner/ports/process.h"

namespace quietgate {

constexpr std::uint64_t default_log_limit = 1ULL << 30;

class PosixProcesses final : public Processes {
 public:
  explicit PosixProcesses(Executor executor);
  ~PosixProcesses() override;  // leaders go on
  // Bytes of a log, from the next step on; 0: none.
  void limit_logs(std::uint64_t bytes) { log_limit_ = bytes; }
  PosixProcesses(const PosixProcesses&) = delete;
  PosixProcesses& operator=(const PosixProcesses&) = delete;

  Task<Result<ProcessExit>> run(ProcessSpec spec, Stop& stop) override;
  Task<Result<void>> start(ProcessSpec spec, Stop& stop) override;
  Result<std::optional<ProcessExit>> status(const std::string& name) override;
  Task<Result<void>> end(std::string name, Stop& stop) override;
  Result<std::vector<std::string>> steps_in(const std::string& folder, int levels) override;

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
  Task<Result<Found>> find_own(const ProcessSpec& spec, StepRecord record, Stop& stop);
  Task<Result<std::unique_ptr<Leading>>> lead(ProcessSpec spec, bool tells_begin, StepRecord record, Found found,
                                              Stop& stop);
  std::unique_ptr<Leading> watched(Descriptor pid, Descriptor report) const;
  Task<void> nap(Milliseconds span);
  Task<Result<ProcessExit>> wait(StepRecord record, std::unique_ptr<Leading> leading, std::string nonce, Stop& stop);
  Task<void> end_leader(const Leading& leading, Milliseconds grace);
  bool is_of_another_boot(const ProcessSpec& spec) const;
  // `begun_in`: the boot in which it may have begun though nothing tells of it; empty: not known.
  Task<Result<ProcessExit>> bury(StepRecord record, Found found, std::string died_how, std::string begun_in);

  Executor executor_;
  std::shared_ptr<Children> children_;
  std::unique_ptr<LeaderSource> source_;
  std::string boot_;
  std::uint64_t log_limit_ = default_log_limit;
  std::uint64_t kept_ = 0;  // when a step ended last that may have left processes on purpose; ticks since boot
};

}  // namespace quietgate
