// What a way to make environments brings to the runner: its folder gives one descriptor, and
// stages/environments/provisioners.cc lists it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pipelines/language/stage_fields.h"
#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/step_executor.h"
#include "stages/environments/contract/environment.h"
#include "stages/environments/contract/provisioner_spec.h"

namespace quietgate {

struct ProvisionerDescriptor {
  std::string name;  // the key below `apply`, and in the descriptor files of its environments
  // Reads what stands under that key. What is wrong is left in the diagnostics.
  ProvisionerSpec (*read)(const Found& found, StageFields& fields) = nullptr;
  std::string (*fact)(const ProvisionerSpec& spec) = nullptr;  // as `quietgate plan` prints it, after its name
  // The references outlive what is made.
  std::unique_ptr<Provisioner> (*make)(StepExecutor& steps, Http& http, Clock& clock) = nullptr;
  // What runs its shell texts, when the file says it; empty: the default. None: it has no shell texts.
  std::vector<std::string> (*interpreter)(const ProvisionerSpec& spec) = nullptr;
  // Destroying it works by texts of its spec: secrets in them are kept with the environment, to be masked.
  bool destroys_by_spec = false;
};

using Provisioners = std::vector<ProvisionerDescriptor>;

}  // namespace quietgate
