#include "stages/environments/processes/processes_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/language/graph.h"
#include "stages/environments/processes/processes.h"
#include "stages/environments/processes/processes_spec.h"

namespace quietgate {

namespace {

constexpr std::size_t max_services = 100;

ReadyCheck read_ready(const Found& found, StageFields& fields) {
  ReadyCheck check;
  MapReader map(fields.values(), found, "`ready`");
  const Found http = map.find("http");
  const Found tcp = map.find("tcp");
  const Found shell = map.find("command");
  fields.text(http, check.http);
  fields.text(tcp, check.tcp);
  fields.shell_text(shell, check.command, check.interpreter);
  if (const Found within = map.find("within")) check.within = fields.values().duration(within).value_or(check.within);
  map.finish();
  const int count = (http ? 1 : 0) + (tcp ? 1 : 0) + (shell ? 1 : 0);
  if (map.valid() && count != 1)
    fields.diagnostics().add(found.key_at, fmt::format("`ready` has {} checks", count == 0 ? "no" : "several"),
                             "one of http, tcp, command");
  return check;
}

ServiceSpec read_service(const Found& found, StageFields& fields) {
  ServiceSpec spec;
  spec.name = found.name;
  MapReader map(fields.values(), found, fmt::format("service `{}`", found.name));
  if (const Found run = map.require("run", "text (a shell script) or a list (a program and its arguments)"))
    spec.command = fields.command(run).value_or(Command{});
  fields.path(map.find("directory"), spec.command.directory);
  fields.variables(map.find("environment"), spec.environment);
  if (const Found check = map.find("ready")) spec.ready = read_ready(check, fields);
  if (const Found needs = map.find("needs")) spec.needs = fields.values().texts(needs);
  map.finish();
  return spec;
}

ProvisionerSpec read_processes(const Found& found, StageFields& fields) {
  std::vector<ServiceSpec> services;
  std::vector<Position> places;
  std::vector<std::string> names;
  MapReader map(fields.values(), found, "`processes`");
  const std::string characters = std::string(letters_and_digits) + "_-";
  for (const Found& entry : map.entries(max_services)) {
    fields.values().is_name(entry, entry.name, letters, characters, 63, "a letter, then letters, digits, `_` or `-`");
    names.push_back(entry.name);
    places.push_back(entry.key_at);
    services.push_back(read_service(entry, fields));
  }
  if (map.valid() && found.node->entries.empty())
    fields.values().wrong(found, "`processes` is empty", "at least one service");

  std::vector<std::vector<std::size_t>> needs(services.size());
  for (std::size_t i = 0; i < services.size(); ++i) {
    for (const std::string& need : services[i].needs) {
      const auto named = std::find(names.begin(), names.end(), need);
      if (named != names.end()) {
        needs[i].push_back(static_cast<std::size_t>(named - names.begin()));
        continue;
      }
      fields.diagnostics().add(
          places[i], fmt::format("service `{}` needs `{}`, which is not a service of this stage", names[i], need),
          "one of " + joined(names), did_you_mean(need, names));
    }
  }
  const Ordering ordering = order_by_needs(needs);
  if (!ordering.cycle.empty()) {
    std::vector<std::string> circle;
    for (const std::size_t i : ordering.cycle) circle.push_back(names[i]);
    circle.push_back(circle.front());
    fields.diagnostics().add(places[ordering.cycle[0]],
                             "the services need each other in a cycle: " + joined(circle, " -> "));
    return ProcessesSpec{};
  }
  ProcessesSpec spec;
  for (const std::size_t i : ordering.order) spec.services.push_back(std::move(services[i]));
  return spec;
}

std::string fact_of_processes(const ProvisionerSpec& spec) {
  const auto processes = spec_of<ProcessesSpec>(spec);
  std::vector<std::string> names;
  for (const ServiceSpec& service : processes.services) names.push_back(service.name);
  return joined(names);
}

std::vector<std::string> interpreter_of_processes(const ProvisionerSpec& spec) {
  const auto processes = spec_of<ProcessesSpec>(spec);
  for (const ServiceSpec& service : processes.services) {
    if (!service.command.interpreter.empty()) return service.command.interpreter;
    if (service.ready && !service.ready->interpreter.empty()) return service.ready->interpreter;
  }
  return {};
}

std::unique_ptr<Provisioner> make_processes(StepExecutor& steps, Http& http, Clock& clock) {
  return std::make_unique<ProcessesProvisioner>(steps, http, clock);
}

}  // namespace

ProvisionerDescriptor processes_provisioner() {
  return {"processes", read_processes, fact_of_processes, make_processes, interpreter_of_processes};
}

}  // namespace quietgate
