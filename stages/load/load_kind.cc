#include "stages/load/load_kind.h"

#include <fmt/format.h>

#include "pipelines/language/facts.h"
#include "stages/attempt/stage_parts.h"
#include "stages/load/load.h"
#include "stages/load/load_reader.h"

namespace quietgate {

namespace {

std::string course_of(const LoadPhase& phase) {
  const auto span = human_duration(phase.duration);
  if (phase.users > 0) return fmt::format("{} for {}", counted(static_cast<std::size_t>(phase.users), "user"), span);
  if (phase.arrivals == phase.arrivals_end) return fmt::format("{:g} arrivals a second for {}", phase.arrivals, span);
  return fmt::format("{:g} to {:g} arrivals a second for {}", phase.arrivals, phase.arrivals_end, span);
}

Facts facts_of_load(const StageBody& body) {
  const auto load = spec_of<LoadSpec>(body);
  Facts out;
  if (!load.locustfile.empty()) out.push_back(load.locustfile);
  if (!load.k6.empty()) out.push_back("k6 " + load.k6);
  if (load.command) out.push_back("a command");
  const auto users = counted(static_cast<std::size_t>(load.users), "user");
  if (load.phases.empty())
    out.push_back(load.locustfile.empty() ? human_duration(load.duration)
                                          : fmt::format("{} for {}", users, human_duration(load.duration)));
  for (const auto& phase : load.phases) out.push_back(course_of(phase));
  if (!load.phases.empty() && load.phases[0].users == 0) out.push_back("at most " + users);
  if (load.workers.count > 0) out.push_back(counted(static_cast<std::size_t>(load.workers.count), "worker"));
  if (load.repeat > 1) out.push_back(fmt::format("{} loads", load.repeat));
  if (load.baseline)
    out.push_back(load.baseline->host.empty() ? "against promoted commits" : "against " + load.baseline->host);
  for (const auto& [name, bound] : load.expect) out.push_back(name + " " + bound.text);
  for (const auto& [endpoint, bounds] : load.endpoints) {
    for (const auto& [name, bound] : bounds) out.push_back(fmt::format("{} {} {}", endpoint, name, bound.text));
  }
  if (!load.autoscaling) return out;
  const AutoscalingExpectation& e = load.autoscaling->expect;
  if (e.reach) out.push_back(fmt::format("reaches {:g} replicas within {}", *e.reach, human_duration(e.within)));
  if (e.never_above) out.push_back(fmt::format("never above {:g}", *e.never_above));
  if (e.settle_at)
    out.push_back(fmt::format("settles at {:g} within {}", *e.settle_at, human_duration(e.settle_within)));
  if (e.reversals) out.push_back("reversals " + e.reversals->text);
  if (e.decide_within) out.push_back("decides within " + human_duration(*e.decide_within));
  if (e.ready_within) out.push_back("ready within " + human_duration(*e.ready_within));
  if (e.failure_ratio) out.push_back("failure_ratio while scaling " + e.failure_ratio->text);
  if (e.p95) out.push_back("p95 while scaling " + e.p95->text);
  if (e.per_replica) out.push_back(fmt::format("throughput per replica at least {:g} of before", *e.per_replica));
  return out;
}

StageBody read_load_body(const Found& found, StageFields& fields) {
  return read_load(found, fields);
}

std::vector<std::string> interpreter_of_load(const StageBody& body) {
  const auto load = spec_of<LoadSpec>(body);
  if (load.command && !load.command->interpreter.empty()) return load.command->interpreter;
  if (load.autoscaling && load.autoscaling->command) return load.autoscaling->command->interpreter;
  return {};
}

std::unique_ptr<StageKind> make_load(const StageParts& parts) {
  auto stage = std::make_unique<LoadStage>(parts.steps, parts.http, parts.clock, &parts.loads);
  stage->compare_with(parts.catalog);
  return stage;
}

}  // namespace

StageKindDescriptor load_kind() {
  return {.name = "load",
          .read = read_load_body,
          .facts = facts_of_load,
          .make = make_load,
          .interpreter = interpreter_of_load,
          .surroundings = {.takes_artifacts = true, .names_services = true, .proves_alerts = true},
          .offers = {.window = true}};
}

}  // namespace quietgate
