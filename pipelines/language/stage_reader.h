// Reads one stage of the file into one or (with a matrix) several stage specs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipelines/language/templates.h"
#include "runner/model/plan.h"

namespace quietgate {

struct NeedAt {
  std::string name;
  Position at;
};

// A stage as written; its needs and references to other stages are not checked yet.
struct StageDraft {
  std::string base;  // the name in the file; spec.name has the matrix values appended
  Position at;       // of the name
  StageSpec spec;
  std::vector<NeedAt> needs;
  bool needs_nothing = false;  // `needs: []` was written
  std::vector<StageReference> references;
  std::optional<GivenOutputs> outputs;  // none: its kind gives none
};

// Reads the stage under this key. Errors become diagnostics; the drafts are then usable for further checks only.
// `scope` has the pipeline's values.
std::vector<StageDraft> read_stage(const Found& found, const Scope& scope, Diagnostics& diagnostics);

// Reads an `environment:` map into scope.environment.
void read_environment(const Found& found, Scope& scope, Diagnostics& diagnostics);

// Reads a `shell:` into scope.shell.
void read_shell(const Found& found, Scope& scope, Diagnostics& diagnostics);

}  // namespace quietgate
