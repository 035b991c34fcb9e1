// Steps: processes that outlive the runner. Each runs under a leader of its own, and is known by a name that is a path.
#pragma once

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"

namespace quietgate {

struct ProcessSpec {
  std::string name;  // a path, whose folder is made; the record is `record_of(name)`. One name, one execution, ever.
  std::vector<std::string> argv;                   // argv[0] is looked up in the PATH of `environment`
  std::map<std::string, std::string> environment;  // all of it; nothing is inherited
  std::string working_directory;
  std::string log;          // file that output is appended to, with its time index beside it (`LOG.index`)
  std::string stdout_file;  // when set, standard output goes there raw and unmasked-by-line instead of to the log
  std::vector<std::string> secrets;  // values masked as `***` before anything reaches the disk (log and stdout_file)
  std::string boot;  // in which its begin was put on record, durably (the journal's intent of an attempt). After
                     // another boot it is not begun any more, whatever the disk holds of it: leader_died. Empty: nobody
                     // did that, and the leader does, which takes a sync more
  std::string nonce;  // of the attempt that begins it: a record with another one is not this step's, and is moved
                      // aside. Empty: whatever stands under the name is its own
  bool keep_descendants = false;  // true: what the step left running goes on after it (it is infrastructure)
  int stop_signal = SIGTERM;      // first signal of an ordered end
  Milliseconds grace{10'000};     // from the first signal to SIGKILL of the whole group
};

struct ProcessExit {
  enum class How { exited, signalled, not_started, leader_died };
  How how = How::exited;
  int code = 0;  // exited: exit status; signalled: the signal's number
  std::string
      detail;  // not_started, leader_died: what happened; exited/signalled: problems met, e.g. log could not be written
  bool log_complete = true;  // false: bytes of the log were lost (full disk); detail says how many
  Time started{};
  Time ended{};
  bool succeeded() const { return how == How::exited && code == 0; }
};
// `exit status 3`, `killed by SIGKILL`, `could not be started: ...`.
std::string describe(const ProcessExit& exit);

constexpr const char* record_ending = ".step";
// The file in which it stands whether and how the step of that name was begun, and how it ended.
std::string record_of(const std::string& name);

class Processes {
 public:
  virtual ~Processes() = default;

  // Runs the step to its end, once per name whatever happens: a name whose step ended answers its recorded
  // exit; one whose leader lives is adopted (pid plus start time) and waited for; one whose leader died without a
  // status answers leader_died after its processes were ended; a new one is started. When `stop` is requested for
  // cancel or timeout, the step is ended (stop_signal, grace, SIGKILL to all its processes) and waited for before
  // Stopped is thrown; for shutdown it goes on alone. Errors are ours (kind infrastructure): the leader could not be
  // spawned, the record not written.
  virtual Task<Result<ProcessExit>> run(ProcessSpec spec, Stop& stop) = 0;

  // Starts a step that lives on (a service of an environment); returns once its leader has recorded that it runs, or
  // could not start it. A name that was started already answers without starting again.
  virtual Task<Result<void>> start(ProcessSpec spec, Stop& stop) = 0;

  // The exit of the step of this name, or nothing while it runs. An error when none was ever begun; a record alone is
  // none: its runner may have gone, or been stopped, before it had a leader.
  virtual Result<std::optional<ProcessExit>> status(const std::string& name) = 0;

  // Ends the step of this name and all its processes (as in `run`) and waits. No step, or an ended one, is
  // success.
  virtual Task<Result<void>> end(std::string name, Stop& stop) = 0;

  // The names of all steps with a record in the folder or in folders of it, so many levels down. None when there is no
  // such folder. Errors are infrastructure: it can't be read.
  virtual Result<std::vector<std::string>> steps_in(const std::string& folder, int levels) = 0;
};

}  // namespace quietgate
