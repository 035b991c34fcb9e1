// The checkout of one run: created when the first stage needs it, and removed before the end of the run is recorded.
#pragma once

#include <optional>

#include "runner/base/result.h"
#include "runner/engine/parts.h"
#include "runner/engine/repository.h"
#include "runner/engine/run_rows.h"

namespace quietgate {

// Why the run is given up: the service died repeatedly while it worked on it. Nothing: the run continues.
std::optional<Error> given_up(const RunState& run);

class RunCheckout {
 public:
  // All outlive it.
  RunCheckout(EngineParts& parts, const Repository& repository, const RunRows& rows, Stop& service);

  // Fetches the run's commit into the mirror. Errors as those of Git::fetch.
  Task<Result<void>> fetch_commit();
  // Creates the checkout, unless there is a trusted one. Errors of kind `infrastructure`, and those of fetch_commit.
  Task<Result<void>> prepare();
  // Removes the checkout; logs what can't be removed.
  Task<void> forget();

  // Trusts an existing checkout: an earlier service created it for work that continues.
  void trust() { trusted_ = true; }

 private:
  EngineParts& parts_;
  const Repository& repository_;
  const RunRows& rows_;
  Stop& service_;
  bool trusted_ = false;
};

}  // namespace quietgate
