#include "stages/environments/terraform/terraform_steps.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/base/files.h"
#include "runner/base/json.h"
#include "runner/base/text.h"
#include "stages/attempt/step.h"
#include "stages/environments/terraform/line_follower.h"
#include "stages/environments/terraform/terraform_own.h"

namespace quietgate {

namespace {

constexpr std::size_t max_shown_plan = 64UL * 1024 * 1024;
constexpr const char* lock_timeout = "-lock-timeout=20s";
// Terraform saves its state and lets its lock go when it is interrupted; big states need time.
constexpr Milliseconds interrupt_grace{60'000};

std::map<std::string, std::string> terraform_environment(const EnvironmentDescriptor& environment,
                                                         const EnvironmentFolder& folder) {
  auto variables = environment.environment;
  variables["CHECKPOINT_DISABLE"] = "1";
  variables["TF_IN_AUTOMATION"] = "1";
  variables["TF_INPUT"] = "0";
  variables["TF_DATA_DIR"] = folder.terraform() + "/data";
  auto configured = variables.find("TF_CLI_CONFIG_FILE");
  std::error_code error;
  if (configured != variables.end() && !std::filesystem::exists(configured->second, error)) variables.erase(configured);
  return variables;
}

bool contains(const std::string& text, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

bool is_download_problem(const std::string& printed) {
  return contains(printed, {"Failed to query available provider packages", "Failed to install provider",
                            "could not connect to", "Invalid provider registry host", "Failed to download module",
                            "Error accessing remote module registry", "Could not download module"});
}

// The first `Error: ...` of what people read, with the sentence below it.
std::string first_error(const std::string& printed) {
  auto at = printed.find("Error: ");
  if (at == std::string::npos) {
    auto lines = last_lines(printed, 1);
    return lines.empty() ? "it printed nothing" : lines.front();
  }
  TerraformProblem problem;
  auto end = std::min(printed.find('\n', at), printed.size());
  problem.summary = printed.substr(at + 7, end - at - 7);
  problem.detail = printed.substr(end, 600);
  while (problem.detail.starts_with('\n')) problem.detail.erase(0, 1);
  return problem.sentence();
}

}  // namespace

TerraformSteps::TerraformSteps(StepExecutor& steps, Clock& clock, const EnvironmentDescriptor& environment,
                               EnvironmentFolder folder, Place place, StageLog& log, Stop& stop)
    : steps_(steps),
      clock_(clock),
      environment_(environment),
      folder_(std::move(folder)),
      place_(std::move(place)),
      log_(log),
      stop_(stop) {}

Result<void> TerraformSteps::prepare() {
  auto path = environment_.environment.find("PATH");
  auto program = find_terraform(path == environment_.environment.end() ? std::string() : path->second);
  const char* own = std::getenv("PATH");
  if (!program && own != nullptr) program = find_terraform(own);
  if (!program) return program.error();
  program_ = *program;
  const auto wanted = own_spec(environment_.own);
  if (!wanted) return wanted.error();
  auto module = read_terraform_module(folder_.checkout(), wanted->directory);
  if (!module) return module.error();
  module_ = *module;
  if (module_.backend && *module_.backend != "local" && !environment_.keep) {
    return user_error(
        "the module in \"" + wanted->directory + "\" has the backend \"" + *module_.backend +
            "\": every ephemeral environment would share, and destroy, one state",
        "use `backend \"local\" {}` or none (quietgate keeps one state per environment), or `keep: true`");
  }
  for (const auto& [name, value] : environment_.environment) {
    const bool names_state = name.starts_with("TF_CLI_ARGS") && value.find("-state") != std::string::npos;
    if (!names_state) continue;
    return user_error(name + " names a state with `-state`: quietgate keeps the state of each environment itself",
                      "remove `-state` from it");
  }
  if (auto made = make_folder(place_.folder, true); !made) return made;
  if (!module_.backend) {
    auto written = write_file_durably(module_.directory + "/quietgate_override.tf",
                                      "# Written by quietgate: one state per environment.\n"
                                      "terraform {\n  backend \"local\" {}\n}\n");
    if (!written) return written;
    module_.backend = "local";
  }
  nlohmann::json values(wanted->variables);
  return write_file_durably(variables(), json_text(values, 1) + "\n", true);
}

StepSpec TerraformSteps::spec(const std::string& step, std::vector<std::string> arguments) const {
  StepSpec spec;
  spec.name = {place_.steps, step};
  spec.nonce = environment_.nonce;
  spec.argv = std::move(arguments);
  spec.argv.insert(spec.argv.begin(), program_);
  spec.environment = terraform_environment(environment_, folder_);
  spec.tree = module_.directory;
  spec.view.environment = environment_.id;
  spec.log = place_.log;
  spec.secrets = environment_.secrets;
  spec.keep_descendants = true;
  spec.stop_signal = SIGINT;
  spec.grace = interrupt_grace;
  return spec;
}

std::string TerraformSteps::memory(const std::string& step, const char* ending) const {
  return place_.folder + "/" + step + ending + ".told";
}

Task<Result<TerraformSteps::Ended>> TerraformSteps::streamed(std::string step, std::vector<std::string> arguments) {
  Ended ended;
  auto process = spec(step, std::move(arguments));
  const auto output = output_of_step(step);
  process.output = output;
  auto& stream = ended.stream;
  auto& log = log_;
  auto exit = co_await run_followed(
      steps_, clock_, std::move(process), output, memory(step, ".json"),
      [&stream, &log](std::string_view line, bool fresh) {
        for (const auto& told : stream.take(line)) {
          if (fresh) log.line(told);
        }
      },
      stop_);
  if (!exit) co_return exit.error();
  ended.exit = *exit;
  co_return ended;
}

Error TerraformSteps::error_of(const std::string& command, const Ended& ended) const {
  auto what = "terraform " + command + " ";
  if (ended.exit.how == StepExit::How::signalled) {
    return infrastructure_error(what + "was " + describe(ended.exit) + " in the middle",
                                "the resources created so far are destroyed with the environment; run the stage again");
  }
  if (ended.exit.how != StepExit::How::exited) return infrastructure_error(what + describe(ended.exit));
  if (ended.stream.has_error("Error acquiring the state lock")) {
    return infrastructure_error(
        what + "waited 20s for the lock of the environment's state, which another Terraform holds",
        "wait until it has ended, or end it; then run the stage again");
  }
  if (!ended.stream.understood()) {
    return infrastructure_error(program_ + " " + command + " ended with " + describe(ended.exit) +
                                    " and printed nothing that Terraform or OpenTofu would print",
                                "check with `" + program_ + " version`: Terraform from 1.1 or OpenTofu is needed");
  }
  const auto& errors = ended.stream.errors();
  if (errors.empty()) return step_error(what + "failed with " + describe(ended.exit));
  auto reason = what + "failed: " + errors.front().sentence();
  if (errors.size() > 1) reason += " (and " + std::to_string(errors.size() - 1) + " more errors)";
  return step_error(reason);
}

Error TerraformSteps::init_error(const std::string& printed) const {
  auto reason = "terraform init failed: " + first_error(printed);
  if (is_download_problem(printed)) {
    return infrastructure_error(reason,
                                "the module's providers or modules could not be downloaded: check the network, "
                                "a proxy, or a mirror (TF_CLI_CONFIG_FILE, TF_PLUGIN_CACHE_DIR)");
  }
  return step_error(reason);
}

Task<Result<void>> TerraformSteps::init(int number) {
  auto step = std::to_string(number) + "-init";
  std::vector<std::string> arguments{"init", "-input=false", "-no-color"};
  if (module_.backend == "local") {
    arguments.insert(arguments.end(),
                     {"-reconfigure", "-backend-config=path=" + folder_.terraform() + "/terraform.tfstate",
                      "-backend-config=workspace_dir=" + folder_.terraform() + "/workspaces"});
  }
  auto process = spec(step, arguments);
  const auto printed = log_of(StepName{place_.printed, step});
  process.log = printed;
  auto& log = log_;
  auto exit = co_await run_followed(
      steps_, clock_, std::move(process), printed, memory(step, ".log"),
      [&log](std::string_view line, bool fresh) {
        if (fresh && !line.empty()) log.line(line);
      },
      stop_);
  if (!exit) co_return exit.error();
  if (exit->succeeded()) co_return Result<void>();
  if (exit->how != StepExit::How::exited) co_return error_of("init", Ended{*exit, {}});
  co_return init_error(read_end(steps_, printed, 64UL * 1024));
}

Task<Result<bool>> TerraformSteps::plan(int number) {
  std::vector<std::string> arguments{"plan",
                                     "-input=false",
                                     "-json",
                                     "-detailed-exitcode",
                                     lock_timeout,
                                     "-out=" + saved_plan(),
                                     "-var-file=" + variables()};
  auto ended = co_await streamed(std::to_string(number) + "-plan", std::move(arguments));
  if (!ended) co_return ended.error();
  bool planned = ended->exit.how == StepExit::How::exited && (ended->exit.code == 0 || ended->exit.code == 2);
  if (!planned || !ended->stream.understood()) co_return error_of("plan", *ended);
  co_return ended->exit.code == 2;
}

Task<Result<void>> TerraformSteps::show(int number) {
  auto step = std::to_string(number) + "-show";
  auto process = spec(step, {"show", "-json", saved_plan()});
  const auto output = output_of_step(step);
  process.output = output;
  auto exit = co_await steps_.run(std::move(process), stop_);
  if (!exit) co_return exit.error();
  if (!exit->succeeded()) co_return error_of("show", Ended{*exit, {}});
  auto shown = read_whole(steps_, output, max_shown_plan);
  if (!shown) {
    log_.line("the plan's replacements can't be shown: " + shown.error().message);
    co_return Result<void>();
  }
  for (const auto& line : replacements(*shown)) log_.line(line);
  const auto imported = imports(*shown);
  if (!imported.empty() && !environment_.keep) {
    co_return user_error(
        imported.front() + " is imported: it exists outside of this environment, which would destroy it",
        "remove the `import` block, or use `keep: true`");
  }
  co_return Result<void>();
}

Task<Result<TerraformSteps::Applied>> TerraformSteps::apply(int number) {
  std::vector<std::string> arguments{"apply", "-input=false", "-json", lock_timeout, saved_plan()};
  auto ended = co_await streamed(std::to_string(number) + "-apply", std::move(arguments));
  if (!ended) co_return ended.error();
  if (ended->exit.succeeded() && ended->stream.understood()) co_return Applied::done;
  if (ended->stream.has_error("Saved plan is stale")) co_return Applied::stale;
  co_return error_of("apply", *ended);
}

Task<Result<TerraformOutputs>> TerraformSteps::output(int number) {
  auto step = std::to_string(number) + "-output";
  auto process = spec(step, {"output", "-json"});
  const auto output = output_of_step(step);
  process.output = output;
  auto exit = co_await steps_.run(std::move(process), stop_);
  if (!exit) co_return exit.error();
  if (!exit->succeeded()) co_return error_of("output", Ended{*exit, {}});
  auto text = read_whole(steps_, output, max_shown_plan);
  if (!text) co_return text.error();
  co_return read_terraform_outputs(*text);
}

Task<Result<void>> TerraformSteps::destroy(int number) {
  std::vector<std::string> arguments{"destroy", "-auto-approve", "-input=false",
                                     "-json",   lock_timeout,    "-var-file=" + variables()};
  auto ended = co_await streamed(std::to_string(number) + "-destroy", std::move(arguments));
  if (!ended) co_return ended.error();
  if (ended->exit.succeeded() && ended->stream.understood()) co_return Result<void>();
  co_return error_of("destroy", *ended);
}

}  // namespace quietgate
