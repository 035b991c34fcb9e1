// The pipeline language, as the engine asks for it: beside the loop, and bounded in time.
#pragma once

#include <string>
#include <vector>

#include "runner/base/task.h"
#include "runner/ports/pipeline.h"

namespace quietgate {

class PipelineCompiler {
 public:
  virtual ~PipelineCompiler() = default;
  // As PipelineLanguage, without its warnings. What takes too long is an error of kind user. Throws Stopped.
  virtual Task<Result<Plan>> compile(std::string text, std::string path, PlanContext context, Stop& stop) = 0;
  virtual Task<Result<PipelineTrigger>> trigger(std::string text, std::string path, Stop& stop) = 0;
  // decide() of runner/model/trigger.h. What takes too long asks for a run: one too many tells more than one too few.
  virtual Task<TriggerDecision> decide(TriggerRules rules, std::string branch, std::vector<std::string> changed_paths,
                                       bool changes_known, Stop& stop) = 0;
};

}  // namespace quietgate
