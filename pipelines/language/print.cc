#include "pipelines/language/print.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/yaml/diagnostics.h"
#include "runner/base/text.h"
#include "runner/model/state.h"

namespace quietgate {

namespace {

using Facts = std::vector<std::string>;

std::string count(std::size_t number, const std::string& noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

// A command on one line, cut where a line of a terminal would end.
std::string shown(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  const bool cut = line.size() < text.size() && text.find_first_not_of('\n', line.size()) != std::string::npos;
  if (line.size() > 60) return std::string(cut_to(line, 60)) + "...";
  return cut ? line + " ..." : line;
}
std::string shown(const Command& command) {
  return shown(command.argv.empty() ? command.shell : joined(command.argv, " "));
}

Facts facts(const TestSpec& test) {
  Facts out{test.commands.empty() ? "no command" : shown(test.commands.front())};
  if (test.commands.size() > 1) out.push_back(fmt::format("and {} more", count(test.commands.size() - 1, "command")));
  if (!test.junit.empty()) out.push_back("JUnit " + test.junit);
  if (!test.artifacts.empty()) out.push_back("keeps " + joined(test.artifacts));
  return out;
}

Facts facts(const ApplySpec& apply) {
  Facts out;
  if (const auto* terraform = std::get_if<TerraformSpec>(&apply.provisioner)) {
    out.push_back("terraform " + terraform->directory);
  } else {
    std::vector<std::string> names;
    for (const ServiceSpec& service : std::get<ProcessesSpec>(apply.provisioner).services)
      names.push_back(service.name);
    out.push_back("processes " + joined(names));
  }
  if (!apply.ports.empty()) out.push_back("ports " + joined(apply.ports));
  out.push_back(apply.keep ? "is kept" : "lives " + human_duration(apply.time_to_live));
  if (apply.watch) {
    out.push_back("watched for " + human_duration(apply.watch->duration) + ", rules " +
                  joined(apply.watch->gate.rules));
    out.push_back(apply.watch->on_alert == AfterRelease::roll_back ? "an alert rolls back" : "an alert fails it");
  }
  return out;
}

std::string course_of(const LoadPhase& phase) {
  const auto span = human_duration(phase.duration);
  if (phase.users > 0) return fmt::format("{} for {}", count(static_cast<std::size_t>(phase.users), "user"), span);
  if (phase.arrivals == phase.arrivals_end) return fmt::format("{:g} arrivals a second for {}", phase.arrivals, span);
  return fmt::format("{:g} to {:g} arrivals a second for {}", phase.arrivals, phase.arrivals_end, span);
}

Facts facts(const LoadSpec& load) {
  Facts out;
  if (!load.locustfile.empty()) out.push_back(load.locustfile);
  if (!load.k6.empty()) out.push_back("k6 " + load.k6);
  if (load.command) out.push_back("a command");
  const auto users = count(static_cast<std::size_t>(load.users), "user");
  if (load.phases.empty())
    out.push_back(load.locustfile.empty() ? human_duration(load.duration)
                                          : fmt::format("{} for {}", users, human_duration(load.duration)));
  for (const auto& phase : load.phases) out.push_back(course_of(phase));
  if (!load.phases.empty() && load.phases[0].users == 0) out.push_back("at most " + users);
  if (load.workers.count > 0) out.push_back(count(static_cast<std::size_t>(load.workers.count), "worker"));
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

Facts facts(const VerifySpec& verify) {
  Facts out{verify.during.empty() ? "last " + human_duration(verify.last) : "during " + verify.during};
  for (const MetricCheck& check : verify.checks) out.push_back(check.name + " " + check.expect.text);
  return out;
}

Facts facts(const PromoteSpec& promote) {
  Facts out{promote.back_from.empty() ? "to " + promote.branch
                                      : promote.branch + " back from " + promote.back_from.substr(0, 7)};
  if (promote.gate) {
    out.push_back("quiet during " + joined(promote.gate->during));
    if (promote.gate->quiet_for.count() > 0) out.push_back("and " + human_duration(promote.gate->quiet_for) + " after");
    out.push_back("rules " + joined(promote.gate->rules));
    if (promote.gate->on_alert == OnAlert::go_on) out.push_back("an alert does not end the load");
    for (const auto& [proof, reason] : promote.gate->waivers) out.push_back("without " + proof + " (" + reason + ")");
    if (!promote.gate->layers.empty()) out.push_back("layers " + joined(promote.gate->layers));
  } else if (promote.back_from.empty()) {
    out.push_back("no gate");
  }
  if (promote.approval == Approval::manual) {
    out.push_back("when a person approves within " + human_duration(promote.approval_expires));
    if (!promote.approval_message.empty()) out.push_back("who is asked: " + shown(promote.approval_message));
  }
  return out;
}

Facts facts(const FaultSpec& fault) {
  Facts out{"breaks: " + shown(fault.command),
            fmt::format("{} within {}", joined(fault.alerts), human_duration(fault.within))};
  if (fault.resolved_within.count() > 0) out.push_back("over " + human_duration(fault.resolved_within) + " after it");
  return out;
}

Facts facts(const ApproveSpec& approve) {
  return {"a person decides within " + human_duration(approve.expires) + ": " + shown(approve.message)};
}

// What runs the shell texts of a stage, when the file says it.
std::vector<std::string> shell_of(const StageBody& body) {
  std::vector<std::string> shell;
  const auto take = [&](const std::vector<std::string>& interpreter) {
    if (shell.empty()) shell = interpreter;
  };
  if (const auto* test = std::get_if<TestSpec>(&body)) {
    for (const Command& command : test->commands) take(command.interpreter);
  } else if (const auto* fault = std::get_if<FaultSpec>(&body)) {
    take(fault->command.interpreter);
    if (fault->undo) take(fault->undo->interpreter);
  } else if (const auto* load = std::get_if<LoadSpec>(&body)) {
    if (load->command) take(load->command->interpreter);
    if (load->autoscaling && load->autoscaling->command) take(load->autoscaling->command->interpreter);
  } else if (const auto* apply = std::get_if<ApplySpec>(&body)) {
    const auto* processes = std::get_if<ProcessesSpec>(&apply->provisioner);
    for (const ServiceSpec& service : processes ? processes->services : std::vector<ServiceSpec>{}) {
      take(service.command.interpreter);
      if (service.ready) take(service.ready->interpreter);
    }
  }
  return shell;
}

}  // namespace

std::string describe(const StageSpec& stage) {
  Facts all;
  if (!stage.needs.empty()) all.push_back("after " + joined(stage.needs));
  if (stage.waives_order) all.push_back("waits for no test, on purpose (`needs: []`)");
  if (!stage.condition.empty()) all.push_back("if " + shown(stage.condition));
  if (!stage.from.empty()) all.push_back("with the artifacts of " + joined(stage.from));
  const Facts own = std::visit([](const auto& body) { return facts(body); }, stage.body);
  all.insert(all.end(), own.begin(), own.end());
  if (const auto shell = shell_of(stage.body); !shell.empty()) all.push_back("shell " + joined(shell, " "));
  if (!stage.lock.empty())
    all.push_back(fmt::format("lock {}{}", stage.lock, keeps_lock(stage) ? " until its environment is gone" : ""));
  if (stage.retry.attempts > 1) all.push_back(fmt::format("up to {} attempts", stage.retry.attempts));
  if (stage.continue_on_error) all.push_back("may fail");
  return joined(all, "; ");
}

std::string describe(const Plan& plan) {
  Facts head;
  if (!plan.name.empty()) head.push_back(plan.name);
  if (!plan.commit.empty()) head.push_back(fmt::format("{} @ {}", plan.branch, plan.commit.substr(0, 7)));
  head.push_back(count(plan.stages.size(), "stage"));
  head.push_back("hash " + plan.hash.substr(0, 12));
  std::string out = joined(head, " · ") + "\n";
  std::size_t width = 0;
  for (const StageSpec& stage : plan.stages) width = std::max(width, stage.name.size());
  const std::size_t digits = std::to_string(plan.stages.size()).size();
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const StageSpec& stage = plan.stages[i];
    out += fmt::format("{:>{}}. {:<{}}  {:<7}  {}\n", i + 1, digits, stage.name, width, kind_of(stage.body),
                       describe(stage));
  }
  return out;
}

}  // namespace quietgate
