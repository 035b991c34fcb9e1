// The step executor of this machine: names become files below the data directory, steps processes under leaders.
#pragma once

#include "runner/adapters/local_steps/led_steps.h"
#include "runner/ports/data_layout.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

class LocalSteps final : public StepExecutor, private StepPreparation {
 public:
  LocalSteps(Executor executor, DataLayout layout) : led_(std::move(executor)), layout_(std::move(layout)) {}
  // Bytes of a log, from the next step on; 0: none.
  void limit_logs(std::uint64_t bytes) { led_.limit_logs(bytes); }
  // Keeps steps apart from now on; it outlives this.
  void confine(StepConfinement& how) { confinement_ = &how; }

  Task<Result<StepExit>> run(StepSpec spec, Stop& stop) override;
  Task<Result<void>> start(StepSpec spec, Stop& stop) override;
  Result<std::optional<StepExit>> status(const StepName& name) override;
  Task<Result<void>> end(StepName name, Stop& stop) override;
  Result<std::vector<StepName>> steps(const StepOwner& owner) override;
  void forget(const StepName& name) override;
  std::string read(const StepText& text, std::int64_t from, std::size_t most) override;

 private:
  Result<LedStep> led(StepSpec spec);
  Task<Result<void>> prepare(LedStep& step, Stop& stop) override;
  Task<Result<StepName>> hold(StepSpec holder, Stop& stop);
  LedSteps led_;
  DataLayout layout_;
  StepConfinement* confinement_ = nullptr;
};

}  // namespace quietgate
