#include "stages/environments/terraform/terraform_kind.h"

#include "stages/environments/terraform/terraform.h"
#include "stages/environments/terraform/terraform_spec.h"

namespace quietgate {

namespace {

ProvisionerSpec read_terraform(const Found& found, StageFields& fields) {
  TerraformSpec spec;
  MapReader map(fields.values(), found, "`terraform`");
  fields.path(map.require("directory", "the folder of the root module"), spec.directory);
  fields.text_map(map.find("variables"), spec.variables);
  map.finish();
  return spec;
}

std::string fact_of_terraform(const ProvisionerSpec& spec) {
  return spec_of<TerraformSpec>(spec).directory;
}

std::unique_ptr<Provisioner> make_terraform(StepExecutor& steps, Http&, Clock& clock) {
  return std::make_unique<TerraformProvisioner>(steps, clock);
}

}  // namespace

ProvisionerDescriptor terraform_provisioner() {
  return {.name = "terraform",
          .read = read_terraform,
          .fact = fact_of_terraform,
          .make = make_terraform,
          .destroys_by_spec = true};
}

}  // namespace quietgate
