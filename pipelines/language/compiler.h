// The pipeline language, version 1 (docs/pipeline.md): text to plan.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/language/stage_kind.h"
#include "pipelines/yaml/diagnostics.h"
#include "runner/ports/pipeline.h"

namespace quietgate {

struct Compilation {
  std::optional<Plan> plan;             // present exactly if there are no errors
  std::vector<Diagnostic> diagnostics;  // by place
  std::string printed;                  // the diagnostics, ready to print
  std::vector<Diagnostic> warnings;     // valid text that is probably a mistake
  std::string printed_warnings;
};

// Pure: the same text, context and kinds give the same plan, with its hash. docs/limits.md says how large a file and
// its plan may be. `ended` is called from time to time; if it returns true, there is no plan, and maybe no diagnostic.
Compilation compile_pipeline(const std::string& text, const std::string& path, const PlanContext& context,
                             const StageKinds& kinds, const std::function<bool()>& ended = {});

class YamlPipelineLanguage : public PipelineLanguage {
 public:
  explicit YamlPipelineLanguage(const StageKinds& kinds) : kinds_(kinds) {}  // they must outlive it
  Result<CompiledPipeline> compile(const std::string& text, const std::string& path, const PlanContext& context,
                                   const Ended& ended) const override;
  // Reads `on` and `concurrency` only. A file with errors elsewhere still gets a run, which then reports them.
  Result<PipelineTrigger> trigger(const std::string& text, const std::string& path, const Ended& ended) const override;

 private:
  const StageKinds& kinds_;
};

}  // namespace quietgate
