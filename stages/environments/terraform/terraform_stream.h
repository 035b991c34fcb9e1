// Reads the machine-readable output of Terraform and OpenTofu. Unknown types, missing fields and lines that are not
// JSON are shown or skipped, and never an error.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

struct TerraformProblem {
  bool error = false;  // otherwise a warning
  std::string summary;
  std::string detail;
  std::string address;  // of the resource, or empty
  std::string file;     // below the module, or empty
  int line = 0;
  // `local-exec provisioner error at terraform_data.app (main.tf:11): Error running command ...`, on one line.
  std::string sentence() const;
};

struct TerraformChanges {
  int add = 0, change = 0, remove = 0;
  bool operator==(const TerraformChanges&) const = default;
};
// `3 to add, 0 to change, 1 to destroy`.
std::string to_string(const TerraformChanges& changes);

// One command's stream (plan, apply, destroy with `-json`).
class TerraformStream {
 public:
  // Takes one line, and returns readable lines for people, possibly none. The stream contains no sensitive values.
  std::vector<std::string> take(std::string_view line);

  bool understood() const { return understood_; }  // saw a version line: this is Terraform or OpenTofu
  const std::vector<TerraformProblem>& errors() const { return errors_; }
  bool has_error(std::string_view summary) const;  // with this text in its summary
  std::optional<TerraformChanges> changes;         // planned or applied

 private:
  bool understood_ = false;
  std::vector<TerraformProblem> errors_;
  std::map<std::string, double> began_;  // address -> seconds of the day
};

// `terraform_data.app is replaced because triggers_replace changed`, one for each, from `show -json` of a saved plan.
std::vector<std::string> replacements(const std::string& plan_json);

// Addresses of resources that a saved plan imports (`import` blocks), from `show -json`.
std::vector<std::string> imports(const std::string& plan_json);

struct TerraformOutputs {
  std::map<std::string, std::string> values;  // strings as they are, everything else as JSON
  std::vector<std::string> sensitive;         // names; their values are not passed on
};
// From `output -json`.
Result<TerraformOutputs> read_terraform_outputs(const std::string& output_json);

}  // namespace quietgate
