// The `test` stage: commands in the checkout, JUnit results by name, artifacts by glob.
#pragma once

#include "runner/ports/process.h"
#include "runner/ports/stage.h"

namespace quietgate {

// Commands run one after another and stop at the first that fails. JUnit XML is read, and artifacts are kept, whether
// they passed or not. Outcomes:
//   failed: a command failed, a test failed (even when every command passed), a declared report is missing, was not
//     written by these commands, or can't be read.
//   error: a command could not be started or its leader died; artifacts could not be written.
// Leaves in the attempt's directory: `<n>-run.step` (records), `tests.json`, `artifacts/`, `artifacts.json`.
// A resumed attempt takes up the command that was running.
class TestStage : public StageKind {
 public:
  explicit TestStage(Processes& processes) : processes_(processes) {}  // must outlive this
  Task<StageOutcome> run(StageRequest request) override;

 private:
  Task<StageOutcome> run_commands(const StageRequest& request, const TestSpec& spec);
  Processes& processes_;
};

}  // namespace quietgate
