// What destroying a Terraform environment must know of its module: `own` of the environment's descriptor.
#pragma once

#include <string>

#include "runner/base/result.h"
#include "stages/environments/terraform/terraform_spec.h"

namespace quietgate {

std::string own_json(const TerraformSpec& spec);  // every template resolved
// An error of kind infrastructure when it is none. Empty: nothing was created yet.
Result<TerraformSpec> own_spec(const std::string& json);

}  // namespace quietgate
