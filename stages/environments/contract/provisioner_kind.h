// The descriptor of a provisioner: each provisioner's folder defines one, and stages/environments/provisioners.cc lists
// them.
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
  // Reads the value under that key. Errors become diagnostics.
  ProvisionerSpec (*read)(const Found& found, StageFields& fields) = nullptr;
  std::string (*fact)(const ProvisionerSpec& spec) = nullptr;  // as `quietgate plan` prints it, after its name
  // The references must outlive the provisioner.
  std::unique_ptr<Provisioner> (*make)(StepExecutor& steps, Http& http, Clock& clock) = nullptr;
  // The interpreter that the file names for its shell texts; empty: the default. Null: it has no shell texts.
  std::vector<std::string> (*interpreter)(const ProvisionerSpec& spec) = nullptr;
  // Destroying it works by texts of its spec: secrets in them are kept with the environment, to be masked.
  bool destroys_by_spec = false;
};

using Provisioners = std::vector<ProvisionerDescriptor>;

}  // namespace quietgate
