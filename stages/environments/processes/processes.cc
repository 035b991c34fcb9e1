#include "stages/environments/processes/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "runner/base/files.h"
#include "runner/base/text.h"
#include "runner/ports/data_layout.h"
#include "stages/attempt/step.h"
#include "stages/environments/contract/ports.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr Milliseconds first_pause{50};
constexpr Milliseconds longest_pause{500};
constexpr Milliseconds probe_deadline{2'000};
constexpr std::size_t shown_lines = 10;
constexpr std::size_t read_at_end = 16UL * 1024;

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

}  // namespace

struct ProcessesProvisioner::Service {
  const ServiceSpec& spec;
  StepName step;
};

namespace {

// Shows the end of a service's log and answers its last line.
std::string tell_log(StageLog& log, const std::string& name, const std::string& printed) {
  auto lines = last_lines(printed, shown_lines);
  if (lines.empty()) {
    log.line("service \"" + name + "\" printed nothing");
    return {};
  }
  log.line("last lines of service \"" + name + "\":");
  for (const auto& line : lines) log.line("  " + line);
  return lines.back();
}

Environment environment_of(const Provision& provision, const ServiceSpec& service) {
  Environment all = provision.environment.environment;
  for (const auto& [name, value] : service.environment) all[name] = value;
  return all;
}

bool speaks_of_a_taken_address(const std::string& log_end) {
  std::string lower;
  for (char c : log_end) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return lower.find("address already in use") != std::string::npos ||
         lower.find("address in use") != std::string::npos || lower.find("eaddrinuse") != std::string::npos;
}

}  // namespace

std::string ProcessesProvisioner::printed_last(const Service& service) {
  return read_end(steps_, log_of(service.step), read_at_end);
}

Result<void> ProcessesProvisioner::still_lives(Provision provision, const Service& service) {
  auto status = steps_.status(service.step);
  if (!status) return status.error();
  if (!status->has_value()) return {};
  const auto& exit = **status;
  const auto printed = printed_last(service);
  auto last = tell_log(*provision.request.log, service.spec.name, printed);
  auto reason = "service \"" + service.spec.name + "\" ended before it was ready: " + describe(exit);
  if (!last.empty()) reason += ", its last line: " + last;
  if (exit.how == StepExit::How::not_started || exit.how == StepExit::How::leader_died) {
    return infrastructure_error(reason);
  }
  if (speaks_of_a_taken_address(printed)) {
    return step_error(reason, "another process uses its port: let quietgate pick one (`ports:` and ${{ ports.NAME }})");
  }
  return step_error(reason);
}

Task<Readiness> ProcessesProvisioner::probe(Provision provision, Service service, int number, Milliseconds deadline) {
  const auto& check = *service.spec.ready;
  if (!check.http.empty()) co_return co_await probe_http(http_, check.http, deadline, *provision.request.stop);
  if (!check.tcp.empty()) co_return probe_tcp(check.tcp, deadline);
  Command command;
  auto seconds = fmt::format("{:.3f}", static_cast<double>(deadline.count()) / 1000.0);
  command.shell = check.command;
  command.interpreter = check.interpreter;
  command.directory = service.spec.command.directory;
  const StepName name{AttemptOwner{provision.request.id()},
                      "ready-" + service.spec.name + "." + std::to_string(number)};
  auto spec = step_of(command, provision.folder.checkout(), name, environment_of(provision, service.spec));
  if (spec) spec->view.environment = provision.environment.id;
  if (!spec) co_return Readiness{false, spec.error().message};
  spec->argv.insert(spec->argv.begin(), {"/usr/bin/timeout", "-k", "1", seconds});
  spec->nonce = provision.request.nonce;
  spec->log = log_of(provision.request.id());
  spec->secrets = provision.request.secrets;
  auto exit = co_await steps_.run(std::move(*spec), *provision.request.stop);
  if (!exit) co_return Readiness{false, exit.error().message};
  co_return Readiness{exit->succeeded(), "`" + check.command + "`: " + describe(*exit)};
}

Task<Result<void>> ProcessesProvisioner::await_ready(Provision provision, Service service) {
  auto began = clock_.now();
  auto& log = *provision.request.log;
  if (!service.spec.ready) {
    log.line(service.spec.name + " started (no ready check)");
    co_return still_lives(provision, service);
  }
  auto within = service.spec.ready->within;
  auto pause = first_pause;
  Readiness seen;
  for (int number = 1;; ++number) {
    auto left = within - (clock_.now() - began);
    if (left > Milliseconds{0}) {
      // A command may rightly take long; an exchange that hangs is better tried again.
      bool command = !service.spec.ready->command.empty();
      if (!command && left > probe_deadline) left = probe_deadline;
      seen = co_await probe(provision, service, number, left);
    }
    auto lives = still_lives(provision, service);
    if (!lives) co_return lives;
    auto took = clock_.now() - began;
    if (seen.ready) {
      log.line(service.spec.name + " ready after " + fmt::format("{:.1f}s", static_cast<double>(took.count()) / 1000));
      co_return Result<void>();
    }
    if (took >= within) break;
    const auto nap = std::min(pause, within - took);
    co_await clock_.sleep(nap, *provision.request.stop);
    pause = std::min(pause * 3 / 2, longest_pause);
  }
  tell_log(log, service.spec.name, printed_last(service));
  co_return step_error("service \"" + service.spec.name + "\" was not ready within " + human_duration(within) + ": " +
                       seen.observed);
}

Task<Result<void>> ProcessesProvisioner::bring_up(Provision provision, Service service) {
  const auto& name = service.spec.name;
  if (!steps_.status(service.step) && service.spec.ready && service.spec.ready->command.empty()) {
    auto before = co_await probe(provision, service, 0, Milliseconds(500));
    if (before.ready) {
      co_return step_error("service \"" + name + "\" can't be told apart from another process: " + before.observed +
                               " before it was started",
                           "another process uses its port: let quietgate pick one (`ports:` and ${{ ports.NAME }})");
    }
  }
  auto spec =
      step_of(service.spec.command, provision.folder.checkout(), service.step, environment_of(provision, service.spec));
  if (!spec) co_return Result<void>(Error{spec.error().kind, "service \"" + name + "\": " + spec.error().message, {}});
  spec->nonce = provision.environment.nonce;
  spec->log = log_of(service.step);
  spec->secrets = provision.request.secrets;
  provision.request.log->line("starting " + name + ": " + command_line(service.spec.command));
  auto started = co_await steps_.start(std::move(*spec), *provision.request.stop);
  if (!started) co_return started;
  co_return co_await await_ready(provision, service);
}

// The descriptor names the new services before the first starts, and keeps the old ones until they have ended: whoever
// destroys the environment at any point between finds them all.
Task<Result<void>> ProcessesProvisioner::replace_services(Provision provision, std::vector<std::string> names) {
  auto& known = provision.environment.services;
  std::vector<StepName> wanted;
  for (const auto& name : names) wanted.push_back(provision.environment.service(name));
  std::vector<StepName> old;
  for (const auto& service : known) {
    if (std::find(wanted.begin(), wanted.end(), service) == wanted.end()) old.push_back(service);
  }
  known = old;
  known.insert(known.end(), wanted.begin(), wanted.end());
  if (auto saved = save(provision.environment, provision.folder); !saved) co_return saved;
  if (!old.empty()) provision.request.log->line("ending the services of the last update");
  const DataLayout layout(data_of_environment(provision.folder.root));
  for (const auto& service : old) {
    if (is_there(layout.place(service) + "/leader.json"))
      co_return infrastructure_error(
          "an older version of quietgate created this environment, and this version can't end its services",
          "destroy it first: quietgate environments --destroy " + provision.environment.id);
  }
  for (auto at = old.rbegin(); at != old.rend(); ++at) {
    if (auto ended = co_await steps_.end(*at, *provision.request.stop); !ended) co_return ended;
  }
  known = wanted;
  if (auto saved = save(provision.environment, provision.folder); !saved) co_return saved;
  for (const auto& service : old) steps_.forget(service);
  co_return Result<void>();
}

Task<Result<std::map<std::string, std::string>>> ProcessesProvisioner::create(Provision provision) {
  using Outputs = Result<std::map<std::string, std::string>>;
  const auto services = spec_of<ProcessesSpec>(provision.spec).services;
  std::vector<std::string> names;
  for (const auto& service : services) names.push_back(service.name);
  if (auto replaced = co_await replace_services(provision, std::move(names)); !replaced)
    co_return Outputs(replaced.error());
  for (const auto& service : services) {
    if (!service.ready || service.ready->http.empty()) continue;
    // A service must not seem to be silent for want of a client.
    if (auto usable = http_.usable(); !usable) co_return Outputs(usable.error());
  }
  const auto& started = provision.environment.services;
  const bool fresh = started.empty() || !steps_.status(started.front());
  for (const auto& [name, port] : provision.environment.ports) {
    if (fresh && !port_is_free(port)) {
      co_return Outputs(infrastructure_error("port " + std::to_string(port) + " (" + name +
                                             ") was taken by another process before a service could bind it"));
    }
  }
  for (std::size_t at = 0; at < services.size(); ++at) {
    Service service{services[at], started[at]};  // named: g++ 12 destroys an aggregate's temporary twice
    auto up = co_await bring_up(provision, service);
    if (!up) co_return Outputs(up.error());
  }
  co_return Outputs(std::map<std::string, std::string>());
}

Task<Result<void>> ProcessesProvisioner::destroy(EnvironmentDescriptor environment, EnvironmentFolder, Stop& stop) {
  Result<void> answer;
  for (auto at = environment.services.rbegin(); at != environment.services.rend(); ++at) {
    auto ended = co_await steps_.end(*at, stop);
    if (!ended && answer) answer = ended;
  }
  co_return answer;
}

}  // namespace quietgate
