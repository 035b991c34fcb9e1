// Tails the journal and keeps one driver per unfinished run. Knows nothing of stages.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/serial_work.h"
#include "runner/engine/admission/branch_order.h"
#include "runner/engine/driver.h"
#include "runner/engine/repository.h"
#include "runner/ports/queue.h"

namespace quietgate {

class Supervisor final : public Queue {
 public:
  // `parts` must outlive the supervisor.
  Supervisor(EngineParts& parts, std::vector<Repository> repositories);

  // Resumes every unfinished run, then follows the journal. At shutdown, waits until all drivers have left their
  // stages, then throws Stopped.
  Task<void> supervise(Stop& stop);
  std::vector<Waiting> waiting() override;
  bool waits(const RunId& run) override;
  bool asks(const RunId& run) override;
  std::uint64_t version() const override { return parts_.slots.version() + order_.version(); }

 private:
  Task<void> take_up(Stop& stop);             // every unfinished run, and remains of ended runs
  Task<Driver*> make(RunId run, Stop& stop);  // null: there is a driver already, or it is created later
  void launch(const RunId& run, Driver& driver, Stop& stop);
  Task<void> start(RunId run, Stop& stop);
  void again_later(const RunId& run, const std::string& reason, Stop& stop);
  Task<void> start_again(RunId run, Stop& stop);
  Task<void> hold_for(RunId ended, Stop& stop);
  Task<void> hold_again(RunId ended, Stop& stop);
  void wake(const std::optional<RunId>& run);
  void ended(const RunId& run, std::exception_ptr error, Stop& stop);
  Task<void> look_after(RunId ended, Stop& stop);
  Task<void> on_row(Row row, Stop& stop);
  Task<Result<void>> start_unfinished(Stop& stop);
  Task<void> over_damage(Error damage, Stop& stop);
  Task<void> follow(Stop& stop);

  EngineParts& parts_;
  std::map<std::string, Repository> repositories_;
  BranchOrder order_;
  std::map<RunId, std::vector<Slots::Claim>> held_;  // claims of runs without a driver
  std::map<RunId, std::unique_ptr<Driver>> drivers_;
  // Rows are read between a look at these and what comes of it: whoever makes drivers, or holds locks, is alone with
  // it.
  SerialWork decisions_;
  Bell ended_;  // a driver
};

}  // namespace quietgate
