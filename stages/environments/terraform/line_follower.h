// Reads the output of a running step line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runner/ports/clock.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// A line without its newline. `fresh` is false for lines that an earlier process already handled; they are only read
// again. Must not throw.
using OnLine = std::function<void(std::string_view line, bool fresh)>;

// Reads the output of a running step. Its position is stored in the file `memory` for the next process. A line over 1
// MiB is skipped.
class LineFollower {
 public:
  // The executor must outlive it.
  LineFollower(StepExecutor& steps, StepText text, std::string memory, OnLine on_line);
  void pump();    // reads the complete lines that exist now
  void finish();  // pump(), plus a last line without a newline

 private:
  void take(std::string_view block);
  void hand_over();
  StepExecutor& steps_;
  StepText text_;
  std::string memory_;
  OnLine on_line_;
  std::string line_;
  bool overlong_ = false;
  std::uint64_t read_ = 0;
  std::uint64_t told_ = 0;  // bytes that were handled already
};

// StepExecutor::run with `text` (the spec's output or log) followed: `on_line` has received every line when this
// returns or throws.
Task<Result<StepExit>> run_followed(StepExecutor& steps, Clock& clock, StepSpec spec, StepText text, std::string memory,
                                    OnLine on_line, Stop& stop);

}  // namespace quietgate
