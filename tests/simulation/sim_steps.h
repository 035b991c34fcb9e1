// The machine's leaders: they outlive the service, end by themselves, die when the seed says so, and remember each
// name's one execution.
#pragma once

#include <functional>
#include <map>

#include "runner/ports/step_executor.h"
#include "tests/simulation/sim_clock.h"

namespace quietgate {

// What survives the service. A step's command says what it does: `sim 20s passes`, `sim 5s fails`, `sim 9999s passes`.
class SimMachine {
 public:
  struct Leader {
    std::optional<StepExit> exit;
    Time started{};
    std::string nonce;
    int executions = 0;
    std::uint64_t life = 0;  // tells one execution's end from another's
  };
  explicit SimMachine(World& world) : world_(world) {}

  using Which = std::function<bool(const StepName& name)>;

  void start(const StepName& name, const std::string& nonce, const std::string& command);
  // Somebody writes a record: the step has ended well.
  void forge(const StepName& name);
  void forget(const StepName& name) { leaders_.erase(name); }
  void end(const StepName& name, StepExit::How how, int code, const std::string& detail);
  const Leader* find(const StepName& name) const;
  std::vector<StepName> alive(const Which& which = [](const StepName&) { return true; }) const;
  std::vector<StepName> all(const StepOwner& owner) const;
  int executions(const StepName& name) const;

  std::function<void()> changed;                      // of the service that lives now
  std::function<void(const StepName& name)> started;  // an execution began; throws Breach
 private:
  World& world_;
  std::map<StepName, Leader> leaders_;
};

class SimSteps final : public StepExecutor {
 public:
  SimSteps(World& world, SimClock& clock, SimMachine& machine, Executor executor);
  ~SimSteps() override { machine_.changed = nullptr; }
  SimSteps(const SimSteps&) = delete;
  SimSteps& operator=(const SimSteps&) = delete;

  Task<Result<StepExit>> run(StepSpec spec, Stop& stop) override;
  Task<Result<void>> start(StepSpec spec, Stop& stop) override;
  Result<std::optional<StepExit>> status(const StepName& name) override;
  Task<Result<void>> end(StepName name, Stop& stop) override;
  Result<std::vector<StepName>> steps(const StepOwner& owner) override;
  void forget(const StepName& name) override { machine_.forget(name); }
  // Steps of this world print nothing.
  std::string read(const StepText&, std::int64_t, std::size_t) override { return {}; }

 private:
  Task<Result<void>> begin(StepSpec spec, Stop& stop);
  Task<void> await_end(StepName name, Stop& stop);
  void order_end(const StepName& name, Milliseconds grace);

  World& world_;
  SimClock& clock_;
  SimMachine& machine_;
  Bell changed_;
};

}  // namespace quietgate
