#include "stages/fault/fault_kind.h"

#include <fmt/format.h>

#include "pipelines/language/facts.h"
#include "pipelines/yaml/diagnostics.h"
#include "stages/attempt/stage_parts.h"
#include "stages/fault/fault.h"
#include "stages/fault/fault_spec.h"

namespace quietgate {

namespace {

StageBody read_fault(const Found& found, StageFields& fields) {
  FaultSpec spec;
  MapReader map(fields.values(), found, "`fault`");
  std::string directory;
  fields.path(map.find("directory"), directory);
  if (const Found run = map.require("run", "the command that causes the fault: text (a shell script) or a list"))
    spec.command = fields.command(run).value_or(Command{});
  if (const Found undo = map.find("undo")) spec.undo = fields.command(undo);
  spec.command.directory = directory;
  if (spec.undo) spec.undo->directory = directory;
  fields.text(map.require("prometheus", "the URL of the Prometheus that evaluates the rules"), spec.prometheus);
  if (const Found alerts = map.require("alerts", "the alerts that must fire"))
    spec.alerts = fields.values().texts(alerts, 1);
  if (const Found within = map.find("within")) spec.within = fields.values().duration(within).value_or(spec.within);
  if (const Found resolved = map.find("resolved_within"))
    spec.resolved_within = fields.values().duration(resolved).value_or(spec.resolved_within);
  map.finish();
  return spec;
}

Facts facts_of_fault(const StageBody& body) {
  const auto fault = spec_of<FaultSpec>(body);
  Facts out{"breaks: " + shown(fault.command),
            fmt::format("{} within {}", joined(fault.alerts), human_duration(fault.within))};
  if (fault.resolved_within.count() > 0) out.push_back("over " + human_duration(fault.resolved_within) + " after it");
  return out;
}

std::vector<std::string> interpreter_of_fault(const StageBody& body) {
  const auto fault = spec_of<FaultSpec>(body);
  if (fault.command.interpreter.empty() && fault.undo) return fault.undo->interpreter;
  return fault.command.interpreter;
}

std::unique_ptr<StageKind> make_fault(const StageParts& parts) {
  return std::make_unique<FaultStage>(parts.steps, parts.http, parts.clock);
}

}  // namespace

StageKindDescriptor fault_kind() {
  return {.name = "fault",
          .read = read_fault,
          .facts = facts_of_fault,
          .make = make_fault,
          .interpreter = interpreter_of_fault};
}

}  // namespace quietgate
