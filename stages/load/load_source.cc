#include "stages/load/load_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/base/plain_file.h"
#include "runner/base/program_path.h"
#include "runner/base/time.h"
#include "stages/attempt/measurements.h"
#include "stages/attempt/step.h"
#include "stages/load/locust_scripts.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int workers_join_within = 60;  // seconds

// Where a file of the commit is, with links followed.
Result<std::string> find_script(const StageRequest& request, const std::string& path, const char* what) {
  std::error_code error;
  auto root = fs::canonical(request.checkout, error);
  if (error) return infrastructure_error(fmt::format("the checkout {} is gone: {}", request.checkout, error.message()));
  auto found = fs::canonical(fs::path(request.checkout) / path, error);
  if (error || !fs::is_regular_file(found, error)) {
    return step_error(fmt::format("there is no {} `{}` in the commit", what, path),
                      "it is a path from the root of the repository");
  }
  auto relative = found.lexically_relative(root);
  if (relative.empty() || relative.begin()->string() == "..") {
    return step_error(fmt::format("the {} `{}` leads out of the repository", what, path));
  }
  return found.string();
}

Result<std::string> find_locustfile(const StageRequest& request, const LoadSpec& spec) {
  auto found = find_script(request, spec.locustfile, "locustfile");
  if (!found) return found;
  auto name = fs::path(*found).filename().string();
  if (!name.ends_with(".py") || name.ends_with("locust.py") || name.find(',') != std::string::npos) {
    return step_error(fmt::format("Locust can't load a file named `{}`", name),
                      "its name must end in `.py` but not in `locust.py`, and hold no comma");
  }
  return found;
}

Result<std::string> find_tool(const StageRequest& request, const std::string& name, const std::string& shown,
                              const char* how) {
  auto path = request.environment.find("PATH");
  auto found = find_on_path(name, path == request.environment.end() ? std::string() : path->second);
  if (!found.empty()) return found;
  return infrastructure_error(fmt::format("{} is not on the PATH of this runner", shown), how);
}

// What the listener is to do, as its head describes it.
Json plan_of(const LoadSpec& spec) {
  Json plan{{"duration", seconds_of(spec.duration)}};
  Json arrivals = Json::array(), shape = Json::array();
  for (const auto& phase : spec.phases) {
    if (phase.users > 0) {
      shape.push_back({seconds_of(phase.duration), phase.users, phase.spawn_rate});
    } else {
      arrivals.push_back({seconds_of(phase.duration), phase.arrivals, phase.arrivals_end});
    }
  }
  if (!arrivals.empty()) plan["arrivals"] = arrivals;
  if (!shape.empty()) plan["shape"] = shape;
  if (spec.workers.count > 0) {
    plan["workers"] = spec.workers.count;
    plan["start"] = spec.workers.join.empty();
  }
  return plan;
}

// HOST:PORT where workers of elsewhere join; any port of the loopback for those that are started here.
Result<std::vector<std::string>> master_arguments(const LoadWorkers& workers) {
  std::string host = "127.0.0.1", port = "0";
  if (!workers.join.empty()) {
    auto colon = workers.join.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == workers.join.size() ||
        workers.join.find_first_not_of("0123456789", colon + 1) != std::string::npos) {
      return step_error(fmt::format("workers can't join at `{}`", workers.join), "write `join` as HOST:PORT");
    }
    host = workers.join.substr(0, colon);
    port = workers.join.substr(colon + 1);
  }
  return std::vector<std::string>{"--master",
                                  "--master-bind-host",
                                  host,
                                  "--master-bind-port",
                                  port,
                                  "--expect-workers",
                                  std::to_string(workers.count),
                                  "--expect-workers-max-wait",
                                  std::to_string(workers_join_within)};
}

Result<StepSpec> prepare_locust(const StageRequest& request, const LoadSpec& spec, const PlannedLoad& load) {
  auto locustfile = find_locustfile(request, spec);
  if (!locustfile) return locustfile.error();
  auto locust = find_tool(request, "locust", "Locust", "install it: on Debian `apt-get install python3-locust`");
  if (!locust) return locust.error();
  const auto listener = request.directory + "/quietgate_listener.py";
  const auto shape = request.directory + "/quietgate_shape.py";
  if ((listener + *locustfile).find(',') != std::string::npos) {
    return infrastructure_error(
        fmt::format("Locust can't load files below a folder with a comma in its name: {}, {}", listener, *locustfile),
        "give the runner a data directory without commas");
  }
  if (auto written = replace_file(listener, locust_listener()); !written) return written.error();
  const auto plan = plan_of(spec);
  // The listener comes first: it must be there when the locustfile breaks. Locust takes the last file's load shape.
  auto files = listener + "," + *locustfile;
  if (plan.contains("shape")) {
    if (auto written = replace_file(shape, locust_shape()); !written) return written.error();
    files += "," + shape;
  }
  StepSpec process;
  process.view.readable = {listener, shape};
  process.argv = {*locust, "--headless", "--only-summary", "--exit-code-on-error", "0"};
  if (!plan.contains("shape")) {
    for (const auto& argument :
         {std::string("-u"), std::to_string(spec.users), std::string("-r"), fmt::format("{}", spec.spawn_rate)}) {
      process.argv.push_back(argument);
    }
  }
  if (spec.workers.count > 0) {
    auto master = master_arguments(spec.workers);
    if (!master) return master.error();
    process.argv.insert(process.argv.end(), master->begin(), master->end());
  }
  for (const auto& argument : {std::string("--host"), load.host, std::string("-f"), files}) {
    process.argv.push_back(argument);
  }
  process.environment = request.environment;
  process.environment["QUIETGATE_LOAD"] = json_text(plan);
  process.environment["PYTHONUNBUFFERED"] = "1";
  // The checkout is shared and must stay the commit's.
  process.environment["PYTHONDONTWRITEBYTECODE"] = "1";
  process.tree = request.checkout;
  return process;
}

Result<StepSpec> prepare_k6(const StageRequest& request, const LoadSpec& spec, const PlannedLoad& load) {
  auto script = find_script(request, spec.k6, "k6 script");
  if (!script) return script.error();
  auto k6 = find_tool(request, "k6", "k6", "install it: https://grafana.com/docs/k6/latest/set-up/install-k6/");
  if (!k6) return k6.error();
  StepSpec process;
  process.argv = {*k6, "run", "--quiet", "--no-color", "--no-usage-report", "--out", "json=" + load.rows, *script};
  process.environment = request.environment;
  process.tree = request.checkout;
  return process;
}

}  // namespace

Result<StepSpec> prepare_load(const StageRequest& request, const LoadSpec& spec, const PlannedLoad& load) {
  Result<StepSpec> process = infrastructure_error("no source");
  if (spec.command) {
    process = step_of(*spec.command, request, load.step);
  } else if (!spec.k6.empty()) {
    process = prepare_k6(request, spec, load);
  } else {
    process = prepare_locust(request, spec, load);
  }
  if (!process) return process;
  process->name = {AttemptOwner{request.id()}, load.step};
  process->nonce = request.nonce;
  process->environment["QUIETGATE_LOAD_FILE"] = load.rows;
  process->environment["QUIETGATE_HOST"] = load.host;
  process->log = log_of(request.id());
  process->secrets = request.secrets;
  process->stop_signal = SIGINT;
  process->view.writable = {load.rows};
  return process;
}

}  // namespace quietgate
