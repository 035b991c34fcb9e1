// Processes, with a note of work from the end of each step of an attempt: from there on its stage reads what the step
// left. Who drives the attempt ends the note with it.
#pragma once

#include <string>

#include "runner/ports/process.h"
#include "runner/ports/work_notes.h"

namespace quietgate {

class NotedProcesses final : public Processes {
 public:
  // All must outlive it. `runs` is the folder of all runs, `<runs>/<repository>/<number>/<stage>.<attempt>/...`.
  NotedProcesses(Processes& real, WorkNotes& notes, std::string runs)
      : real_(real), notes_(notes), runs_(std::move(runs)) {}
  Task<Result<ProcessExit>> run(ProcessSpec spec, Stop& stop) override;
  Task<Result<void>> start(ProcessSpec spec, Stop& stop) override { return real_.start(std::move(spec), stop); }
  Result<std::optional<ProcessExit>> status(const std::string& name) override { return real_.status(name); }
  Task<Result<void>> end(std::string name, Stop& stop) override { return real_.end(std::move(name), stop); }
  Result<std::vector<std::string>> steps_in(const std::string& folder, int levels) override {
    return real_.steps_in(folder, levels);
  }

 private:
  Processes& real_;
  WorkNotes& notes_;
  std::string runs_;
};

}  // namespace quietgate
