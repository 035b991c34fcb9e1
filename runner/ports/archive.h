// Forgetting ended runs, so that nothing grows with history.
#pragma once

#include <cstdint>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/types.h"

namespace quietgate {

// A run expires when it is beyond the count or over the age. What is never forgotten: runs that have not ended, the
// newest of each repository and of each branch that exists, those that live environments belong to, and the newest
// promoted ones.
struct RetentionRule {
  std::int64_t runs = 1000;                // newest of each repository that stay; 0: no limit
  Milliseconds age{Milliseconds::zero()};  // since a run's end; 0: no limit
  std::int64_t promotions = 50;            // newest promoted runs of each repository that stay in any case; at least 1
  bool operator==(const RetentionRule&) const = default;
};

class Archive {
 public:
  virtual ~Archive() = default;
  // Runs that the rule lets go, oldest first, at most `limit`.
  virtual Task<Result<std::vector<RunId>>> expired(RetentionRule rule, Time now, std::size_t limit) = 0;
  // Removes the rows of the run and says so with one RunExpired, all in one durable append. Nothing when there is no
  // such run.
  virtual Task<Result<void>> expire(RunId run) = 0;
};

}  // namespace quietgate
