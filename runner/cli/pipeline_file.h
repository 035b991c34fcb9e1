// Compiles a pipeline file without running it: for `validate` and `plan`.
#pragma once

#include <string>

#include "runner/cli/invocation.h"

namespace quietgate {

struct CompiledFile {
  CompiledPipeline pipeline;
  bool rules_checked = false;  // the file is at the root of a repository, so its alert rules were tested too
};

// The file's text. Fails with kind user: there is none, it can't be read, or has more than 1 MiB.
Result<std::string> read_pipeline_file(const std::string& file);
// What a text compiles to without a commit: `file` is its name, and tells what the run is called.
Result<CompiledPipeline> compile_without_commit(const CliParts& parts, const std::string& text,
                                                const std::string& file);

// Compiles the file. Prints errors at their place for people, or as one JSON object.
OrExit<CompiledFile> compile_file(const Invocation& call, const std::string& file);

}  // namespace quietgate
