// Compiles on a pool's threads, so that a pushed file cannot hold up the event loop.
#pragma once

#include "runner/base/blocking_pool.h"
#include "runner/ports/pipeline_compiler.h"

namespace quietgate {

class PooledCompiler final : public PipelineCompiler {
 public:
  static constexpr Milliseconds usual_patience{10'000};

  // Both must outlive it, and the language must outlive the pool.
  PooledCompiler(const PipelineLanguage& language, BlockingPool& pool, Milliseconds patience = usual_patience)
      : language_(language), pool_(pool), patience_(patience) {}
  Task<Result<Plan>> compile(std::string text, std::string path, PlanContext context, Stop& stop) override;
  Task<Result<PipelineTrigger>> trigger(std::string text, std::string path, Stop& stop) override;
  Task<TriggerDecision> decide(TriggerRules rules, std::string branch, std::vector<std::string> changed_paths,
                               bool changes_known, Stop& stop) override;

 private:
  const PipelineLanguage& language_;
  BlockingPool& pool_;
  Milliseconds patience_;
};

}  // namespace quietgate
