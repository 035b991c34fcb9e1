// Alert rules of the commit, tested before anything is deployed.
#pragma once

#include <map>
#include <string>

#include "runner/ports/disk.h"
#include "runner/ports/plan_check.h"
#include "runner/ports/step_executor.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

class RulesCheck final : public PlanCheck {
 public:
  // `steps` must outlive it. `environment` is that of promtool, which is looked for in its PATH. `committed`, if any,
  // must outlive it: what it has read need not be read again. `disk`, if any, looks for the files.
  RulesCheck(StepExecutor& steps, std::map<std::string, std::string> environment, CommittedRules* committed = nullptr,
             Disk* disk = nullptr)
      : steps_(steps), environment_(std::move(environment)), committed_(committed), disk_(disk) {}

  bool concerns(const Plan& plan) const override;
  // Reads the rule files of every gate; refuses what can't be read, globs without a file, and alerts that can't fire
  // within the longest that the window can become (firing_needs.h). Then, where there is a promtool, `check rules` on
  // them and `test rules` on the tests beside them (YAML files with `rule_files:` in the same folders), each within a
  // minute, and up to three times when its leader is killed. Globs that only the run can resolve (`${{ stages... }}`)
  // are left to the gate.
  Task<Result<void>> check(Plan plan, std::string checkout, Stop& stop) override;

 private:
  Task<void> look_for_files(const Plan& plan, std::string checkout, CommittedRules& committed, Stop& stop);
  // The words with which it failed; empty: it passed.
  Task<Result<std::string>> promtool(std::vector<std::string> words, StepName name, Stop& stop);
  // `killed`: it could not begin, or its leader died.
  Task<Result<std::string>> promtool_once(std::vector<std::string> words, StepName name, bool& killed, Stop& stop);
  // Nothing of this check is left, nor of one that a runner that is gone began.
  Task<Result<void>> forget(StepOwner owner, Stop& stop);

  StepExecutor& steps_;
  std::map<std::string, std::string> environment_;
  CommittedRules* committed_;
  Disk* disk_;
};

}  // namespace quietgate
