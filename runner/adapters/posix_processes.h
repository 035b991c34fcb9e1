// Steps as processes of this machine, each under a leader of its own (runner/leader, docs/leader.md).
#pragma once

#include <memory>

#include "runner/leader/leader_directory.h"
#include "runner/ports/process.h"

namespace quietgate {

class PosixProcesses final : public Processes {
 public:
  explicit PosixProcesses(Executor executor);
  ~PosixProcesses() override;  // leaders go on
  PosixProcesses(const PosixProcesses&) = delete;
  PosixProcesses& operator=(const PosixProcesses&) = delete;

  Task<Result<ProcessExit>> run(ProcessSpec spec, Stop& stop) override;
  Task<Result<void>> start(ProcessSpec spec, Stop& stop) override;
  Result<std::optional<ProcessExit>> status(const std::string& directory) override;
  Task<Result<void>> end(std::string directory, Stop& stop) override;

 private:
  struct Leading;                      // a leader that lives, or lived until now
  struct Children;                     // leaders that nobody waits for and that must be reaped
  struct Found {                       // what a directory holds; nothing of it: it never held a step
    std::optional<ProcessExit> exit;   // it ended
    std::unique_ptr<Leading> leading;  // it runs
    std::optional<Descriptor> lock;    // it was begun and its leader is dead; or nothing was begun. Held until then
    bool begun = false;
  };
  Task<Result<Found>> find(LeaderDirectory directory);
  Result<std::unique_ptr<Leading>> lead(const ProcessSpec& spec, const LeaderDirectory& directory, Descriptor lock);
  Task<bool> readable(int fd, Stop* stop, Milliseconds most);
  Task<void> nap(Milliseconds span);
  Task<Result<ProcessExit>> wait(LeaderDirectory directory, std::unique_ptr<Leading> leading, Stop& stop);
  Task<void> end_leader(const Leading& leading, Milliseconds grace);
  Task<std::string> end_left(LeaderRecord record, std::string id, SpecRecord told);
  Task<Result<ProcessExit>> bury(LeaderDirectory directory, Descriptor lock, std::string died_how);

  Executor executor_;
  std::unique_ptr<Children> children_;
  Descriptor program_;
  std::string boot_;
};

}  // namespace quietgate
