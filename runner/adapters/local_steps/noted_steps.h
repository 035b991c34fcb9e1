// A step executor, with a note of work from the end of each step of an attempt: from there on its stage reads what the
// step left. Who drives the attempt ends the note with it.
#pragma once

#include <string>

#include "runner/ports/step_executor.h"
#include "runner/ports/work_notes.h"

namespace quietgate {

class NotedSteps final : public StepExecutor {
 public:
  // Both must outlive it.
  NotedSteps(StepExecutor& real, WorkNotes& notes) : real_(real), notes_(notes) {}
  Task<Result<StepExit>> run(StepSpec spec, Stop& stop) override;
  Task<Result<void>> start(StepSpec spec, Stop& stop) override { return real_.start(std::move(spec), stop); }
  Result<std::optional<StepExit>> status(const StepName& name) override { return real_.status(name); }
  Task<Result<void>> end(StepName name, Stop& stop) override { return real_.end(std::move(name), stop); }
  Result<std::vector<StepName>> steps(const StepOwner& owner) override { return real_.steps(owner); }
  void forget(const StepName& name) override { real_.forget(name); }
  std::string read(const StepText& text, std::int64_t from, std::size_t most) override {
    return real_.read(text, from, most);
  }

 private:
  StepExecutor& real_;
  WorkNotes& notes_;
};

}  // namespace quietgate
