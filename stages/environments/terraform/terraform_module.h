// Reads facts from the files of a Terraform root module, without Terraform.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runner/base/result.h"

namespace quietgate {

// The backend that a text of Terraform's language declares in a `terraform` block: `local`, `s3`, ...; `cloud` for a
// `cloud` block; nothing if there is none. Understands comments and strings; evaluates nothing.
std::optional<std::string> declared_backend(std::string_view hcl);

struct TerraformModule {
  std::string directory;               // absolute
  std::optional<std::string> backend;  // declared in any of its files
};
// Reads `*.tf`, `*.tofu` and their `.json` forms. Fails with kind user if the folder does not exist or has no such
// file.
Result<TerraformModule> read_terraform_module(const std::string& checkout, const std::string& directory);

// The program: `terraform`, else `tofu`, from a PATH. Fails with kind infrastructure and says what to install.
Result<std::string> find_terraform(const std::string& path);

}  // namespace quietgate
