// The pipeline language: what is asked of it, and what it answers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/plan.h"
#include "runner/model/trigger.h"

namespace quietgate {

// What is known of a commit when its plan is compiled.
struct PlanContext {
  RunId run;
  CommitId commit;
  std::string branch;
  std::string message;  // first line
  std::string author;
  bool puts_back = false;  // only what puts a release back is run of it: it need not come after the tests
};

struct PipelineTrigger {
  TriggerRules rules;
  Concurrency concurrency = Concurrency::supersede;
};

// What is right in a pipeline's file and may not be meant.
struct PipelineWarning {
  std::size_t line = 1;
  std::size_t column = 1;
  std::string message;
  std::string advice;
};

struct CompiledPipeline {
  Plan plan;
  std::vector<PipelineWarning> warnings;
  std::string printed_warnings;  // all of them, ready to print
};

// The language by itself: pure, and may be asked from several threads at once. Never on the loop's own thread: a file
// is up to a mebibyte of what somebody pushed.
class PipelineLanguage {
 public:
  // Asked now and then: true when nobody waits any more. The answer is an error then.
  using Ended = std::function<bool()>;
  virtual ~PipelineLanguage() = default;
  // `path` is the file's name in diagnostics. On failure (kind user) the message holds every diagnostic, ready to
  // print.
  virtual Result<CompiledPipeline> compile(const std::string& text, const std::string& path, const PlanContext& context,
                                           const Ended& ended) const = 0;
  virtual Result<PipelineTrigger> trigger(const std::string& text, const std::string& path,
                                          const Ended& ended) const = 0;
};

}  // namespace quietgate
