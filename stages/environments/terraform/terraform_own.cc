#include "stages/environments/terraform/terraform_own.h"

#include <nlohmann/json.hpp>

#include "runner/base/json.h"

namespace quietgate {

std::string own_json(const TerraformSpec& spec) {
  const nlohmann::json json{{"directory", spec.directory}, {"variables", spec.variables}};
  return json_text(json);
}

Result<TerraformSpec> own_spec(const std::string& json) {
  if (json.empty()) return TerraformSpec{};
  try {
    const auto own = nlohmann::json::parse(json);
    return TerraformSpec{own.at("directory"), own.at("variables").get<std::map<std::string, std::string>>()};
  } catch (const nlohmann::json::exception& problem) {
    return infrastructure_error(std::string("the environment's descriptor does not name a Terraform module: ") +
                                problem.what());
  }
}

}  // namespace quietgate
