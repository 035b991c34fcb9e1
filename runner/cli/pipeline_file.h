// Compiles a pipeline file without running it: for `validate` and `plan`.
#pragma once

#include <string>

#include "runner/cli/invocation.h"

namespace quietgate {

struct CompiledFile {
  CompiledPipeline pipeline;
  bool rules_checked = false;  // the file is at the root of a repository, so its alert rules were tested too
};

// Compiles the file. Prints errors at their place for people, or as one JSON object.
OrExit<CompiledFile> compile_file(const Invocation& call, const std::string& file);

}  // namespace quietgate
