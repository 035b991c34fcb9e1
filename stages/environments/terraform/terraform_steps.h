// Terraform's commands for one environment: how each is called, and what its end means.
#pragma once

#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "stages/environments/contract/environment.h"
#include "stages/environments/terraform/terraform_module.h"
#include "stages/environments/terraform/terraform_stream.h"

namespace quietgate {

class TerraformSteps {
 public:
  struct Place {
    StepOwner steps;     // its steps are `<n>-<name>`
    StepOwner printed;   // whose what they print is; private to the environment
    std::string folder;  // where that is kept, and the saved plan
    StepText log;        // for what is printed as it comes
  };
  // All referenced must outlive this.
  TerraformSteps(StepExecutor& steps, Clock& clock, const EnvironmentDescriptor& environment, EnvironmentFolder folder,
                 Place place, StageLog& log, Stop& stop);

  // Finds the program and the module and writes what they need: override file, variables.
  Result<void> prepare();
  // Each is the step of this number, done once.
  Task<Result<void>> init(int number);
  Task<Result<bool>> plan(int number);  // whether there is anything to do
  Task<Result<void>> show(int number);  // tells what the saved plan replaces
  enum class Applied { done, stale };
  Task<Result<Applied>> apply(int number);
  Task<Result<TerraformOutputs>> output(int number);
  Task<Result<void>> destroy(int number);

 private:
  struct Ended {
    StepExit exit;
    TerraformStream stream;
  };
  StepSpec spec(const std::string& step, std::vector<std::string> arguments) const;
  StepText output_of_step(const std::string& step) const { return output_of({place_.printed, step}); }
  // How far what it printed was read; beside that.
  std::string memory(const std::string& step, const char* ending) const;
  Task<Result<Ended>> streamed(std::string step, std::vector<std::string> arguments);
  Error error_of(const std::string& command, const Ended& ended) const;
  Error init_error(const std::string& printed) const;
  std::string saved_plan() const { return place_.folder + "/plan"; }
  std::string variables() const { return folder_.terraform() + "/variables.tfvars.json"; }

  StepExecutor& steps_;
  Clock& clock_;
  const EnvironmentDescriptor& environment_;
  EnvironmentFolder folder_;
  Place place_;
  StageLog& log_;
  Stop& stop_;
  std::string program_;
  TerraformModule module_;
};

}  // namespace quietgate
