// One stage of the file to one or (by its matrix) several stage specs.
#pragma once

#include <string>
#include <vector>

#include "pipelines/language/templates.h"
#include "runner/model/plan.h"

namespace quietgate {

struct NeedAt {
  std::string name;
  Position at;
};

// A stage as written: its needs and mentions of other stages are not checked yet.
struct StageDraft {
  std::string base;  // the name in the file; spec.name has the matrix values appended
  Position at;       // of the name
  StageSpec spec;
  std::vector<NeedAt> needs;
  bool needs_nothing = false;  // `needs: []` was written
  std::vector<StageReference> references;
};

// Reads the stage under this key. What is wrong is left in the diagnostics; the drafts are then good for further checks
// only. `scope` has what the pipeline knows.
std::vector<StageDraft> read_stage(const Found& found, const Scope& scope, Diagnostics& diagnostics);

// Reads an `environment:` map into scope.environment.
void read_environment(const Found& found, Scope& scope, Diagnostics& diagnostics);

// Reads a `shell:` into scope.shell.
void read_shell(const Found& found, Scope& scope, Diagnostics& diagnostics);

// Reads the body of one kind (`test`, ...). Unknown output names, ports and the like are checked by `scope`.
class BodyReader {
 public:
  BodyReader(const ValueReader& values, Scope& scope)
      : values_(values), templates_(values.diagnostics(), scope), scope_(scope) {}
  TestSpec test(const Found& found);
  ApplySpec apply(const Found& found);
  LoadSpec load(const Found& found);
  VerifySpec verify(const Found& found);
  PromoteSpec promote(const Found& found);
  ApproveSpec approve(const Found& found);
  FaultSpec fault(const Found& found);
  WatchSpec watch(const Found& found);

 private:
  // Reads a text that may hold templates into `out`, when there is one.
  void text(const Found& found, std::string& out, Templates::Use use = Templates::Use::plain);
  void path(const Found& found, std::string& out);
  void paths(const Found& found, std::vector<std::string>& out, std::size_t least);
  void shell_text(const Found& found, std::string& out, std::vector<std::string>& interpreter);
  std::optional<Command> command(const Found& found);
  void text_map(const Found& found, std::map<std::string, std::string>& out, bool variables);
  void ports(const Found& found, ApplySpec& out);
  ProcessesSpec processes(const Found& found);
  ServiceSpec service(const Found& found);
  ReadyCheck ready(const Found& found);
  TerraformSpec terraform(const Found& found);
  AutoscalingSpec autoscaling(const Found& found);
  void load_source(MapReader& map, LoadSpec& spec);
  void load_course(MapReader& map, LoadSpec& spec);
  LoadPhase load_phase(const Found& found, bool& open);
  void load_bounds(const Found& found, std::map<std::string, Bound>& out, bool whole);
  LoadWorkers load_workers(const Found& found);
  LoadBaseline load_baseline(const Found& found);
  // `over_windows`: it names the stages that it is about; else it is about the time in which it stands.
  GateSpec gate(const Found& found, bool over_windows);
  void waivers(const Found& found, std::map<std::string, std::string>& out);
  MetricCheck check(const Found& found);
  void window(const Found& found, StageReference::Kind kind, std::vector<std::string>& out);
  void artifacts_of(const Found& found);  // `from`

  const ValueReader& values_;
  Templates templates_;
  Scope& scope_;
};

}  // namespace quietgate
