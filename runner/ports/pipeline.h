// The pipeline language, as the engine asks for it.
#pragma once

#include <string>

#include "runner/core/plan.h"
#include "runner/core/result.h"
#include "runner/core/trigger.h"

namespace quietgate {

// What is known of a commit when its plan is compiled.
struct PlanContext {
  RunId run;
  CommitId commit;
  std::string branch;
  std::string message;  // first line
  std::string author;
};

class PipelineCompiler {
 public:
  virtual ~PipelineCompiler() = default;
  // `path` is the file's name in diagnostics. On failure (kind user) the message holds every diagnostic, ready to
  // print.
  virtual Result<Plan> compile(const std::string& text, const std::string& path, const PlanContext& context) = 0;
  struct Trigger {
    TriggerRules rules;
    Concurrency concurrency = Concurrency::supersede;
  };
  virtual Result<Trigger> trigger(const std::string& text, const std::string& path) = 0;
};

}  // namespace quietgate
