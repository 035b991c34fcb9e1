#include "runner/adapters/pipeline_compiler/pooled_compiler.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

#include "tests/support/run_task.h"

namespace quietgate {
namespace {

// Answers at once, or only when nobody waits any more.
struct ScriptedLanguage final : PipelineLanguage {
  bool endless = false;
  mutable std::promise<std::thread::id> asked;
  Result<CompiledPipeline> compile(const std::string& text, const std::string& path, const PlanContext& context,
                                   const Ended& ended) const override {
    asked.set_value(std::this_thread::get_id());
    while (endless && !ended()) std::this_thread::yield();
    if (endless) return user_error("given up");
    CompiledPipeline compiled;
    compiled.plan.name = text + " of " + path;
    compiled.plan.run = context.run;
    return compiled;
  }
  Result<PipelineTrigger> trigger(const std::string& text, const std::string&, const Ended&) const override {
    PipelineTrigger trigger;
    trigger.rules.branches = {text};
    return trigger;
  }
};

struct PooledCompilers : ::testing::Test {
  ScriptedLanguage language;  // outlives the pool
  BlockingPool pool{1};
  boost::asio::io_context loop;
  Stop stop;
};

TEST_F(PooledCompilers, CompileBesideTheLoop) {
  PooledCompiler compiler(language, pool);
  PlanContext context;
  context.run = {"hello", 3};
  auto plan = run_task(loop, compiler.compile("text", "p.yaml", context, stop));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->name, "text of p.yaml");
  EXPECT_EQ(plan->run.number, 3);
  EXPECT_NE(language.asked.get_future().get(), std::this_thread::get_id());
  EXPECT_EQ(run_task(loop, compiler.trigger("main", "p.yaml", stop))->rules.branches, std::vector<std::string>{"main"});
  EXPECT_FALSE(run_task(loop, compiler.decide({}, "topic", {"a"}, true, stop)).run);
}

TEST_F(PooledCompilers, WaitOnlySoLong) {
  language.endless = true;
  PooledCompiler compiler(language, pool, Milliseconds{1});
  const auto plan = run_task(loop, compiler.compile("text", "p.yaml", {}, stop));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().kind, ErrorKind::user);
  EXPECT_EQ(plan.error().message, "p.yaml:1:1: error: reading the pipeline took longer than 1ms\n");
}

TEST_F(PooledCompilers, WaitNoLongerThanTheyAreAsked) {
  language.endless = true;
  PooledCompiler compiler(language, pool);
  stop.request(StopReason::shutdown, "SIGTERM");
  EXPECT_THROW(run_task(loop, compiler.compile("text", "p.yaml", {}, stop)), Stopped);
}

TEST_F(PooledCompilers, LetARunBeginThatTakesTooLongToRefuse) {
  PooledCompiler compiler(language, pool, Milliseconds{-1});
  TriggerRules rules;
  rules.paths = {"src/**"};
  EXPECT_TRUE(run_task(loop, compiler.decide(rules, "main", {"docs/x"}, true, stop)).run);
}

}  // namespace
}  // namespace quietgate
