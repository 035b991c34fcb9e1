// Steps: what outlives the runner. Each is known by its name, which is no path, and is executed once, whatever happens.
// Every executor keeps this contract (tests/runner/adapters/local_steps/integration/step_executor_contract_test.cc).
#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/ports/step_name.h"
#include "runner/ports/step_view.h"

namespace quietgate {

// What is to be run, wherever that is.
struct StepCommand {
  std::vector<std::string> argv;  // argv[0] is looked up in the PATH of `environment`
  // When set, a file with this text is made for the step, and its path is the last word.
  std::string script;
  std::map<std::string, std::string> environment;  // all of it; nothing is inherited
  // Values masked as `***` before anything is kept of what is printed.
  std::vector<std::string> secrets;
  // In which its begin was put on record, durably (the journal's intent of an attempt). After another boot it is not
  // begun any more, whatever is left of it: leader_died. Empty: nobody did that, and its leader does, which takes a
  // sync more.
  std::string boot;
  // Of the attempt that begins it: a record with another one is not this step's, and is moved aside. Empty: whatever
  // stands under the name is its own.
  std::string nonce;
  bool keep_descendants = false;  // true: what the step left running goes on after it (it is infrastructure)
  int stop_signal = SIGTERM;      // first signal of an ordered end
  Milliseconds grace{10'000};     // from the first signal to SIGKILL of the whole group
};

struct StepSpec : StepCommand {
  StepName name;
  StepView view;                   // what it sees beside its tree, where steps are kept apart
  std::string tree;                // where it runs: a folder of this machine. Empty: an empty one of its owner
  StepText log;                    // to which output is appended
  std::optional<StepText> output;  // when set, standard output goes there raw and not by lines, instead of to the log
};

struct StepExit {
  enum class How { exited, signalled, not_started, leader_died };
  How how = How::exited;
  int code = 0;              // exited: exit status; signalled: the signal's number
  std::string detail;        // not_started, leader_died: what happened; exited, signalled: problems met, for people
  bool log_complete = true;  // false: bytes of the log were lost (full disk); detail says how many
  Time started{};
  Time ended{};
  bool succeeded() const { return how == How::exited && code == 0; }
};
// `exit status 3`, `killed by SIGKILL`, `could not be started: ...`.
std::string describe(const StepExit& exit);

// Names that can't be a step's (check_name) are refused by all of it, with kind infrastructure.
class StepExecutor {
 public:
  virtual ~StepExecutor() = default;

  // Runs the step to its end, once per name whatever happens: a name whose step ended answers its recorded
  // exit; one whose leader lives is adopted and waited for; one whose leader died without a status answers leader_died
  // after its processes were ended; a new one is started. When `stop` is requested for cancel or timeout, the step is
  // ended (stop_signal, grace, SIGKILL to all its processes) and waited for before Stopped is thrown; for shutdown it
  // goes on alone. Errors are ours (kind infrastructure): it could not be begun, or not put on record.
  virtual Task<Result<StepExit>> run(StepSpec spec, Stop& stop) = 0;

  // Starts a step that lives on (a service of an environment); returns once it is on record that it runs, or that it
  // could not start. A name that was started already answers without starting again.
  virtual Task<Result<void>> start(StepSpec spec, Stop& stop) = 0;

  // The exit of the step of this name, or nothing while it runs. An error when none was ever begun; that one was meant
  // to be is none: its runner may have gone, or been stopped, before it had a leader.
  virtual Result<std::optional<StepExit>> status(const StepName& name) = 0;

  // Ends the step of this name and all its processes (as in `run`) and waits. No step, or an ended one, is success.
  virtual Task<Result<void>> end(StepName name, Stop& stop) = 0;

  // All of the owner that were meant to begin, and are not forgotten, in no order. Errors are infrastructure: nobody
  // can tell now.
  virtual Result<std::vector<StepName>> steps(const StepOwner& owner) = 0;

  // Drops what is kept of an ended step: how it ended, and what only it printed. None is success.
  virtual void forget(const StepName& name) = 0;

  // What was printed, from this byte on (counted from the end when it is negative), at most so many bytes: fewer where
  // there are no more yet, or nothing was printed.
  virtual std::string read(const StepText& text, std::int64_t from, std::size_t most) = 0;
};

// Ends all of the owner's steps, each of them whatever becomes of the others; the last error is answered.
Task<Result<void>> end_steps(StepExecutor& steps, StepOwner owner, Stop& stop);

// All of it. Errors are infrastructure: it is more than so many bytes.
Result<std::string> read_whole(StepExecutor& steps, const StepText& text, std::size_t most);
// The last bytes, at most so many, from the start of a line.
std::string read_end(StepExecutor& steps, const StepText& text, std::size_t most);

}  // namespace quietgate
