// Terraform's commands for one environment: their arguments, and the meaning of their results.
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
    StepOwner steps;     // owner of the steps `<n>-<name>`
    StepOwner printed;   // owner of their output; private to the environment
    std::string folder;  // folder of the output and of the saved plan
    StepText log;        // log for the output as it arrives
  };
  // All references must outlive this.
  TerraformSteps(StepExecutor& steps, Clock& clock, const EnvironmentDescriptor& environment, EnvironmentFolder folder,
                 Place place, StageLog& log, Stop& stop);

  // Finds the program and the module, and writes their override file and variables.
  Result<void> prepare();
  // Each runs the step of this number once.
  Task<Result<void>> init(int number);
  Task<Result<bool>> plan(int number);  // whether there is anything to do
  Task<Result<void>> show(int number);  // logs the replacements of the saved plan
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
