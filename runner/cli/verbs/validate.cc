#include "runner/cli/verbs/validate.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/pipeline_file.h"

namespace quietgate {

namespace {

struct ValidateOptions {
  std::string file = ".quietgate.yaml";
  bool without_warnings = false;
};

nlohmann::ordered_json warnings_of(const CompiledPipeline& pipeline) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& warning : pipeline.warnings) {
    list.push_back(
        {{"line", warning.line}, {"column", warning.column}, {"message", warning.message}, {"advice", warning.advice}});
  }
  return list;
}

int validate_file(const Invocation& call, const ValidateOptions& given) {
  auto compiled = compile_file(call, given.file);
  if (!compiled) return compiled.code();
  const auto& [pipeline, rules_checked] = *compiled;
  const auto count = pipeline.plan.stages.size();
  if (call.common.json) {
    nlohmann::ordered_json json{{"valid", true}, {"stages", count}};
    json["rules_checked"] = rules_checked;
    if (!given.without_warnings) json["warnings"] = warnings_of(pipeline);
    call.parts.out(json_text(json) + "\n");
    return exit_ok;
  }
  if (!given.without_warnings) call.parts.err(pipeline.printed_warnings);
  call.parts.out("ok: " + given.file + ": " + std::to_string(count) + (count == 1 ? " stage" : " stages") +
                 (rules_checked ? ", alert rules checked\n" : "\n"));
  return exit_ok;
}

}  // namespace

Verb validate_verb() {
  auto given = std::make_shared<ValidateOptions>();
  Verb verb{"validate", "Check a pipeline file; show every problem at its place", verb_group::local};
  verb.options.text("FILE", given->file, "Pipeline file (default: .quietgate.yaml)");
  verb.options.flag("--no-warnings", given->without_warnings, "Print errors only, no warnings");
  verb.run = [given](const Invocation& call) { return validate_file(call, *given); };
  return verb;
}

}  // namespace quietgate
