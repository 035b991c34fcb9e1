// The data for destroying a Terraform environment: `own` of the environment's descriptor.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "stages/environments/terraform/terraform_spec.h"

namespace quietgate {

std::string own_json(const TerraformSpec& spec);  // every template must be resolved
// Fails with kind infrastructure if the text is invalid. Empty: nothing was created yet.
Result<TerraformSpec> own_spec(const std::string& json);

}  // namespace quietgate
