#include "runner/cli/verbs/plan.h"

#include <memory>

#include "runner/cli/pipeline_file.h"

namespace quietgate {

namespace {

int show_plan(const Invocation& call, const std::string& file) {
  auto compiled = compile_file(call, file);
  if (!compiled) return compiled.code();
  const auto& plan = compiled->pipeline.plan;
  call.parts.out(call.common.json ? to_json(plan) + "\n" : call.parts.describe_plan(plan));
  return exit_ok;
}

}  // namespace

Verb plan_verb() {
  auto file = std::make_shared<std::string>(".quietgate.yaml");
  Verb verb{"plan", "Show what a pipeline file compiles to", verb_group::local};
  verb.options.text("FILE", *file, "Pipeline file (default: .quietgate.yaml)");
  verb.run = [file](const Invocation& call) { return show_plan(call, *file); };
  return verb;
}

}  // namespace quietgate
