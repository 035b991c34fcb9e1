// The pipeline that `quietgate init` writes: a test stage for each part of a project that it knows. Pure.
#pragma once

#include <string>
#include <vector>

#include "runner/cli/project_files.h"

namespace quietgate {

struct FirstPipeline {
  std::string text;                // YAML: it compiles
  std::vector<std::string> found;  // `Python (pytest) in .`: what its stages are for
};

// `name`: of the folder, any text. `branch`: the one that is checked out; empty: none is, and `main` is written.
FirstPipeline first_pipeline(const ProjectFiles& files, const std::string& name, const std::string& branch);

}  // namespace quietgate
