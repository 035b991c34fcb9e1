// A pipeline file that is only read: for `validate` and `plan`.
#pragma once

#include <string>

#include "runner/cli/invocation.h"

namespace quietgate {

struct CompiledFile {
  CompiledPipeline pipeline;
  bool rules_checked = false;  // the file stands at a repository's root, so its alert rules were tested too
};

// Compiles the file. What is wrong with it is printed: at its place for people, or as one JSON object.
OrExit<CompiledFile> compile_file(const Invocation& call, const std::string& file);

}  // namespace quietgate
