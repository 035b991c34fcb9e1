// The leader of one step: starts it, passes its output on, ends what it leaves behind, records how it ended.
//
//   prepare, wait for the order -> open -> launch -> loop until the main process and all below it are gone -> record
//
// It is told only two things from outside: SIGCHLD by the kernel, SIGTERM by the runner ("end the step").
// It tells the runner one thing, as a packet on their socket (its pid the source has told): `+` the step runs (only
// when the order wants to know that), `-` the status is written (then its line, unless it is long), or `!` and what
// failed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/leader/log_writer.h"
#include "runner/leader/order.h"
#include "runner/leader/process/record_writer.h"
#include "runner/leader/process/sandboxed_step.h"
#include "runner/leader/process/step_output.h"
#include "runner/leader/process/step_process.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

class Leader {
 public:
  // Prepares all that needs no order: signals, the control group. `id`: of the step, as its order will say.
  // `runner`: the socket; taken.
  Leader(std::string id, int runner);
  // The process's exit status: 0 when the status was recorded. `lock`: held as long as the leader lives; taken.
  int lead(LeaderOrder order, int lock);
  // Waits for its order, or for the runner's end. False: it was asked to end first, and nothing of that is kept for a
  // step.
  bool wait_for_order() const;
  // No order comes: ends the process, with nothing left of the preparation.
  [[noreturn]] void quit();

 private:
  // running -> (asked to end) stopping -> (main process gone, others left) sweeping -> killing -> over
  enum class Phase { running, stopping, sweeping, killing, over };

  std::string prepare();
  std::string open();
  std::string launch();
  void loop();
  void read_signals();
  void reap();
  void main_process_ended();
  void end_step();
  void sweep();
  void kill_all();
  void enforce_deadlines();
  int wait_milliseconds() const;
  void read_remaining_output();
  void leave_output_process();
  int record();
  void tell_runner(const std::string& text);
  void tell_runner_the_end();

  std::string id_;
  int runner_;
  std::string preparation_problem_;  // why it could not prepare itself; empty: it could
  LeaderOrder order_;
  int lock_ = -1;
  int signals_ = -1;
  RecordWriter record_;
  LogWriter log_;
  LogWriter raw_;
  std::vector<std::unique_ptr<StepOutput>> outputs_;
  StepProcess step_;  // its process is what makes the sandbox, where there is one
  std::optional<SandboxedStep> sandbox_;
  std::string group_;  // the folder of the step's control group; empty: none
  Phase phase_ = Phase::running;
  bool end_requested_ = false;
  bool main_alive_ = true;
  bool childless_ = false;
  std::int64_t deadline_ = 0;           // of the phase, on the steady clock
  std::size_t swept_ = 0;               // processes that the step left running and that were ended
  std::vector<ProcessStat> survivors_;  // that even SIGKILL could not end
  StepStatus status_;
};

}  // namespace quietgate
