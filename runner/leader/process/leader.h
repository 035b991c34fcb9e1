// The leader of one step: starts it, passes its output on, ends what it leaves behind, records how it ended.
//
//   prepare -> launch -> loop until the main process and all below it are gone -> record
//
// It is told only two things from outside: SIGCHLD by the kernel, SIGTERM by the runner ("end the step").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runner/leader/log_writer.h"
#include "runner/leader/order.h"
#include "runner/leader/process/output.h"
#include "runner/leader/process/records.h"
#include "runner/leader/process/step.h"

namespace quietgate {

class Leader {
 public:
  // `lock`: held as long as a leader lives. `report`: where the runner hears `+` once the step runs, or `!` and why it
  // could not be begun. Both are taken.
  Leader(LeaderOrder order, int lock, int report);
  // The process's exit status: 0 when the status was recorded.
  int run();

 private:
  // running -> (asked to end) stopping -> (main process gone, others left) sweeping -> killing -> over
  enum class Phase { running, stopping, sweeping, killing, over };

  std::string prepare();
  std::string launch();
  void loop();
  void hear_signals();
  void reap();
  void main_ended();
  void end_step();
  void sweep();
  void kill_all();
  void keep_deadlines();
  int wait_milliseconds() const;
  void drain();
  void leave_pump();
  int record();
  void tell(const std::string& text);

  LeaderOrder order_;
  int lock_;
  int report_;
  int signals_ = -1;
  Records records_;
  LogWriter log_;
  LogWriter raw_;
  std::vector<std::unique_ptr<StepOutput>> outputs_;
  Step step_;
  std::string group_;  // the folder of the step's control group; empty: none
  Phase phase_ = Phase::running;
  bool asked_ = false;  // to end
  bool main_alive_ = true;
  bool childless_ = false;
  std::int64_t deadline_ = 0;  // of the phase, on the steady clock
  std::size_t swept_ = 0;      // processes that the step left running and that were ended
  std::size_t survivors_ = 0;  // processes that even SIGKILL could not end
  StepStatus status_;
};

}  // namespace quietgate
