#include "runner/cli/run_exit_code.h"

namespace quietgate {

ExitCode exit_code_of(const RunRecord& record) {
  if (!record.over()) return exit_ok;
  switch (record.state.outcome) {
    case Outcome::passed:
      return exit_ok;
    case Outcome::inconclusive:
      return exit_inconclusive;
    case Outcome::cancelled:
      return exit_cancelled;
    default:
      break;
  }
  const auto& state = record.state;
  const bool rejected = !state.plan && !state.diagnostics.empty();
  if (rejected && state.outcome == Outcome::failed) return exit_usage;  // the pipeline is invalid
  for (const auto& [name, stage] : state.stages) {
    if (stage.outcome.gate && stage.outcome.gate->verdict == GateVerdict::blind) return exit_inconclusive;
  }
  return exit_failed;
}

}  // namespace quietgate
