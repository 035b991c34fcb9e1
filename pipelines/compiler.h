// The pipeline language, version 1 (docs/pipeline.md): text to plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipelines/diagnostics.h"
#include "runner/ports/pipeline.h"

namespace quietgate {

struct Compilation {
  std::optional<Plan> plan;             // present exactly when nothing is wrong
  std::vector<Diagnostic> diagnostics;  // by place
  std::string printed;                  // the diagnostics, ready to print
};

// Pure: the same text and context give the same plan, with its hash. At most 500 stages, 1,000 with matrices expanded.
Compilation compile_pipeline(const std::string& text, const std::string& path, const PlanContext& context);

class YamlPipelineCompiler : public PipelineCompiler {
 public:
  Result<Plan> compile(const std::string& text, const std::string& path, const PlanContext& context) override;
  // Reads `on` and `concurrency` only: a file that is wrong elsewhere still asks for a run, which then says so.
  Result<Trigger> trigger(const std::string& text, const std::string& path) override;
};

}  // namespace quietgate
