// The files of runs, and what the engine does with them: the folder of each attempt, the checkout that its stages
// share, and where environments keep theirs. What is asked is the name of a run, a stage and an attempt; where that
// stands below the data directory is told by data_layout.h alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/types.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_name.h"

namespace quietgate {

class Workspace {
 public:
  virtual ~Workspace() = default;
  // Before a new attempt: what stands in the place of its folder gets another name. Nothing: there is nothing.
  struct MovedAside {
    std::string path;    // its new name, for people
    AttemptOwner steps;  // whoever began those that are kept there
  };
  virtual Result<std::optional<MovedAside>> clear_attempt(const AttemptId& attempt) = 0;
  // Makes the attempt's folder when it is not there; answers its absolute path.
  virtual Result<std::string> attempt(const RunId& run, const std::string& stage, int attempt) = 0;
  virtual std::string checkout(const RunId& run) const = 0;
  virtual std::string environments() const = 0;
  // A checkout is made in a folder of its own and then put in place in one step, so that a half-made one is never used.
  virtual bool has_checkout(const RunId& run) const = 0;
  virtual Result<std::string> begin_checkout(const RunId& run) = 0;  // an absent folder to write into
  virtual Result<void> finish_checkout(const RunId& run) = 0;
  virtual Result<void> remove_checkout(const RunId& run) = 0;  // a half-made one too
  // Never null. The log of an attempt, with these values masked.
  virtual std::unique_ptr<StageLog> open_log(const std::string& attempt_directory,
                                             std::vector<std::string> secrets) = 0;
};

}  // namespace quietgate
