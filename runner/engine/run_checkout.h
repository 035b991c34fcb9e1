// The checkout of one run: made when its first stage needs it, removed before its end is on record.
#pragma once

#include <optional>

#include "runner/base/result.h"
#include "runner/engine/parts.h"
#include "runner/engine/repository.h"
#include "runner/engine/run_rows.h"

namespace quietgate {

// Why nobody works on the run any more: the service died of it again and again. Nothing: it is worked on.
std::optional<Error> given_up(const RunState& run);

class RunCheckout {
 public:
  // All outlive it.
  RunCheckout(EngineParts& parts, const Repository& repository, const RunRows& rows, Stop& service);

  // The run's commit is in the mirror. Errors as those of Git::fetch.
  Task<Result<void>> fetch_commit();
  // Makes it, unless there is one that is trusted. Errors of kind `infrastructure`, and those of fetch_commit.
  Task<Result<void>> prepare();
  // Removes it; what can't be removed is said.
  Task<void> forget();

  // One that is there was made by an earlier runner, for work that goes on: nobody put it there since.
  void trust() { trusted_ = true; }

 private:
  EngineParts& parts_;
  const Repository& repository_;
  const RunRows& rows_;
  Stop& service_;
  bool trusted_ = false;
};

}  // namespace quietgate
