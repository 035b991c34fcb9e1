// The steps in an attempt's folder, by their records in it.
#pragma once

#include "runner/ports/process.h"
#include "runner/ports/stage.h"

namespace quietgate {

class AttemptSteps final : public StepEnder {
 public:
  explicit AttemptSteps(Processes& processes) : processes_(processes) {}
  Task<Result<void>> end_steps(std::string attempt_directory, Stop& stop) override;

 private:
  Processes& processes_;
};

}  // namespace quietgate
