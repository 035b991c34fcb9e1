// The machine's leaders: they outlive the service, end by themselves, die when the seed says so, and remember each
// name's one execution.
#pragma once

#include <functional>
#include <map>

#include "runner/ports/process.h"
#include "tests/simulation/sim_clock.h"

namespace quietgate {

// What survives the service. A step's command says what it does: `sim 20s passes`, `sim 5s fails`, `sim 9999s passes`.
class SimMachine {
 public:
  struct Leader {
    std::optional<ProcessExit> exit;
    Time started{};
    std::string nonce;
    int executions = 0;
    std::uint64_t life = 0;  // tells one execution's end from another's
  };
  explicit SimMachine(World& world) : world_(world) {}

  void start(const std::string& name, const std::string& nonce, const std::string& command);
  // Somebody writes a record: the step has ended well.
  void forge(const std::string& name);
  void move_aside(const std::string& name) { leaders_.erase(name); }
  void end(const std::string& name, ProcessExit::How how, int code, const std::string& detail);
  const Leader* find(const std::string& name) const;
  std::vector<std::string> alive(const std::string& prefix = {}) const;
  std::vector<std::string> in(const std::string& folder) const;
  int executions(const std::string& name) const;

  std::function<void()> changed;                         // of the service that lives now
  std::function<void(const std::string& name)> started;  // an execution began; throws Breach
 private:
  World& world_;
  std::map<std::string, Leader> leaders_;
};

class SimProcesses final : public Processes {
 public:
  SimProcesses(World& world, SimClock& clock, SimMachine& machine, Executor executor);
  ~SimProcesses() override { machine_.changed = nullptr; }
  SimProcesses(const SimProcesses&) = delete;
  SimProcesses& operator=(const SimProcesses&) = delete;

  Task<Result<ProcessExit>> run(ProcessSpec spec, Stop& stop) override;
  Task<Result<void>> start(ProcessSpec spec, Stop& stop) override;
  Result<std::optional<ProcessExit>> status(const std::string& name) override;
  Task<Result<void>> end(std::string name, Stop& stop) override;
  Result<std::vector<std::string>> steps_in(const std::string& folder, int levels) override;

 private:
  Task<Result<void>> begin(ProcessSpec spec, Stop& stop);
  Task<void> await_end(std::string name, Stop& stop);
  void order_end(const std::string& name, Milliseconds grace);

  World& world_;
  SimClock& clock_;
  SimMachine& machine_;
  Bell changed_;
};

}  // namespace quietgate
