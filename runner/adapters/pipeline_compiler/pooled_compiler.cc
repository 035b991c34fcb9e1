#include "runner/adapters/pipeline_compiler/pooled_compiler.h"

#include <chrono>
#include <memory>

namespace quietgate {

namespace {

using Flag = std::atomic<bool>;

// From the moment in which a thread takes the work up: what waits behind others is not late itself.
class Patience {
 public:
  Patience(const Flag& stop, Milliseconds span) : stop_(stop), until_(std::chrono::steady_clock::now() + span) {}
  bool late() const { return std::chrono::steady_clock::now() > until_; }
  bool over() const { return stop_ || late(); }

 private:
  const Flag& stop_;
  std::chrono::steady_clock::time_point until_;
};

Error too_slow(const std::string& path, Milliseconds patience) {
  return user_error(path + ":1:1: error: reading the pipeline took longer than " + human_duration(patience) + "\n",
                    "make the pipeline smaller: docs/limits.md lists the limits");
}

}  // namespace

Task<Result<Plan>> PooledCompiler::compile(std::string text, std::string path, PlanContext context, Stop& stop) {
  const PipelineLanguage& language = language_;
  const Milliseconds patience = patience_;
  std::function<Result<Plan>(const Flag&)> work = [&language, patience, text = std::move(text), path = std::move(path),
                                                   context = std::move(context)](const Flag& flag) -> Result<Plan> {
    const Patience left(flag, patience);
    auto compiled = language.compile(text, path, context, [&left] { return left.over(); });
    if (compiled) return std::move(compiled->plan);
    return left.late() ? too_slow(path, patience) : compiled.error();
  };
  co_return co_await pool_.run(std::move(work), stop);
}

Task<Result<PipelineTrigger>> PooledCompiler::trigger(std::string text, std::string path, Stop& stop) {
  const PipelineLanguage& language = language_;
  const Milliseconds patience = patience_;
  std::function<Result<PipelineTrigger>(const Flag&)> work = [&language, patience, text = std::move(text),
                                                              path = std::move(path)](const Flag& flag) {
    const Patience left(flag, patience);
    return language.trigger(text, path, [&left] { return left.over(); });
  };
  co_return co_await pool_.run(std::move(work), stop);
}

Task<TriggerDecision> PooledCompiler::decide(TriggerRules rules, std::string branch,
                                             std::vector<std::string> changed_paths, bool changes_known, Stop& stop) {
  const Milliseconds patience = patience_;
  // Shared, since the pool copies its work: there may be a million of them.
  const auto changed = std::make_shared<const std::vector<std::string>>(std::move(changed_paths));
  std::function<TriggerDecision(const Flag&)> work = [patience, rules = std::move(rules), branch = std::move(branch),
                                                      changed, changes_known](const Flag& flag) {
    const Patience left(flag, patience);
    return quietgate::decide(rules, branch, *changed, changes_known, [&left] { return left.over(); });
  };
  co_return co_await pool_.run(std::move(work), stop);
}

}  // namespace quietgate
