// What a plan needs of its commit's files, looked at before anything runs.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "runner/base/task.h"
#include "runner/model/plan.h"

namespace quietgate {

class PlanCheck {
 public:
  virtual ~PlanCheck() = default;
  // False: nothing in the plan needs the commit's files, so that none must be checked out for it.
  virtual bool concerns(const Plan& plan) const = 0;
  // `checkout` is the folder of exactly the commit's tree, absolute; it is not written to. An error of kind user holds
  // every problem with its place, ready to print: the plan can't succeed. Of kind infrastructure: it could not be
  // looked at. Bounded in time. Throws Stopped.
  virtual Task<Result<void>> check(Plan plan, std::string checkout, Stop& stop) = 0;
};

}  // namespace quietgate
