// What a Terraform environment is made of.
#pragma once

#include <map>
#include <string>

#include "stages/environments/contract/provisioner_spec.h"

namespace quietgate {

struct TerraformSpec {
  std::string directory;                         // (template) root module, relative to the checkout
  std::map<std::string, std::string> variables;  // (template)
  bool operator==(const TerraformSpec&) const = default;
};

template <class A>
void fields(A& a, TerraformSpec& v) {
  a("directory", v.directory);
  a("variables", v.variables);
}

ProvisionerSpec provisioner_of(const TerraformSpec& spec);

}  // namespace quietgate
