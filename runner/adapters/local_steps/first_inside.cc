#include "runner/adapters/local_steps/first_inside.h"

#include "runner/leader/step_record.h"

namespace quietgate {

// The recorded process is the one that made the sandbox: it stands outside, and has this one child.
std::optional<ProcessStat> first_inside(const std::string& record) {
  const auto history = StepRecord(record).read();
  if (!history || !history->led || history->exit) return std::nullopt;
  const auto maker = read_stat(history->led->step);
  if (!maker || maker->start != history->led->step_start) return std::nullopt;
  for (const auto& process : all_processes()) {
    if (process.parent == maker->pid && !process.dead()) return process;
  }
  return std::nullopt;
}

}  // namespace quietgate
