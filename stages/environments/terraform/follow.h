// A step whose output is read line by line while it prints it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runner/ports/clock.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// `fresh` is false for lines that an earlier runner handled before it went: they are read again, not told again.
// Without the newline. Must not throw.
using OnLine = std::function<void(std::string_view line, bool fresh)>;

// Reads what a step prints while it does. How far it got is kept in the file `memory`, for the next runner. A line over
// 1 MiB is passed over.
class LineFollower {
 public:
  // The executor must outlive it.
  LineFollower(StepExecutor& steps, StepText text, std::string memory, OnLine on_line);
  void pump();    // what is there now, whole lines only
  void finish();  // pump, and a last line without a newline

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
  std::uint64_t told_ = 0;  // bytes that were handled before
};

// StepExecutor::run with `text` (the spec's output or log) followed: `on_line` has had every line when this returns or
// throws.
Task<Result<StepExit>> run_followed(StepExecutor& steps, Clock& clock, StepSpec spec, StepText text, std::string memory,
                                    OnLine on_line, Stop& stop);

}  // namespace quietgate
