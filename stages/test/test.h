// The `test` stage: commands in the checkout, JUnit results by name, artifacts by glob.
#pragma once

#include <memory>
#include <mutex>

#include "runner/ports/disk.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "stages/test/test_spec.h"

namespace quietgate {

// Commands run one after another and stop at the first that fails. JUnit XML is read, and artifacts are kept, whether
// they passed or not. Outcomes:
//   failed: a command failed, a test failed (even when every command passed), a declared report is missing, was not
//     written by these commands, or can't be read.
//   error: a command could not be started or its leader died; artifacts could not be written.
//   failed also: the artifacts exceed a limit of the attempt or the run (stages/attempt/artifacts.h).
// Its steps are `<n>-run`. Files in the attempt's directory: `tests.json`, `artifacts/`, `artifacts.json`. A resumed
// attempt continues with the command that was running. Files are read and copied outside of the event loop.
class TestStage : public StageKind {
 public:
  TestStage(StepExecutor& steps, Disk& disk) : steps_(steps), disk_(disk) {}  // both must outlive this
  Task<StageOutcome> run(StageRequest request) override;

 private:
  Task<StageOutcome> run_commands(const StageRequest& request, const TestSpec& spec);
  Task<void> look_at_reports(const StageRequest& request, const TestSpec& spec, StageOutcome& outcome);
  Task<void> keep_files(const StageRequest& request, const TestSpec& spec, StageOutcome& outcome);

  StepExecutor& steps_;
  Disk& disk_;
  // Only one attempt's reports are in memory at a time.
  std::shared_ptr<std::timed_mutex> reports_ = std::make_shared<std::timed_mutex>();
};

}  // namespace quietgate
