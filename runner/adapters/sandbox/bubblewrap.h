// Sandboxes made by bubblewrap, one for each step (docs/isolation.md tells what is seen in it).
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/adapters/sandbox/sandbox_policy.h"
#include "runner/adapters/sandbox/step_user.h"
#include "runner/ports/data_layout.h"
#include "runner/ports/disk.h"
#include "runner/ports/step_confinement.h"

namespace quietgate {

struct BubblewrapOptions {
  std::string data;  // the data directory, which is there, without links in its path: nothing of it is seen but what is
                     // the step's
  std::string user;  // whom a runner that is root has steps run as; empty: step_user() tells
  std::vector<std::string> hidden;  // files and folders: keys, tokens, configurations
  std::vector<std::string> shown;   // likewise, of what isn't seen otherwise (tools below /opt are, below /home aren't)
  std::string home;                 // the runner's own: where a step's HOME is that, it becomes the sandbox's
};

class Bubblewrap final : public StepConfinement {
 public:
  // Asks the machine all that doesn't change from step to step. Errors are the user's or infrastructure, with what
  // mends them: bubblewrap is missing, there is no such user.
  static Result<Bubblewrap> make(BubblewrapOptions options);
  // Makes a sandbox with nothing in it, as every step's is made. Waits, up to ten seconds. An error says why none can
  // be made here, and what mends it.
  Result<void> try_out() const;
  const StepUser& user() const { return user_; }
  // What takes long is done there; it outlives this. Call it before the first step.
  void work_on(Disk& disk) { disk_ = &disk; }

  Task<Result<ConfinedStep>> confine(StepSpec& spec, Stop& stop) override;
  std::optional<StepSpec> holder(const StepSpec& spec) override;

 private:
  struct Place;
  Bubblewrap(BubblewrapOptions options, StepUser user) : options_(std::move(options)), user_(std::move(user)) {}
  SandboxPolicy base() const;
  std::string trial_folder() const { return options_.data + "/sandbox"; }
  Place place_of(const StepSpec& spec) const;
  void hide(SandboxPolicy& policy) const;
  Result<void> prepare(const Place& place) const;

  BubblewrapOptions options_;
  StepUser user_;
  std::string program_;
  std::string filter_;
  std::vector<SystemEntry> system_;
  std::vector<std::pair<std::string, std::string>> instead_;
  Disk* disk_ = nullptr;
};

}  // namespace quietgate
