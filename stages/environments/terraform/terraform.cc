#include "stages/environments/terraform/terraform.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/base/files.h"
#include "runner/base/json.h"
#include "runner/base/tree_removal.h"
#include "stages/environments/terraform/terraform_own.h"
#include "stages/environments/terraform/terraform_steps.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr const char* own_part = "terraform";  // of an environment
constexpr std::size_t max_state_bytes = 256UL * 1024 * 1024;

// What a destroy says is told by its error; nobody watches it.
class DiscardedLog : public StageLog {
 public:
  void line(std::string_view) override {}
};

// What earlier runs on a kept environment printed.
void remove_old_output(const EnvironmentFolder& folder, const std::string& keep) {
  std::error_code error;
  std::vector<fs::path> old;
  for (fs::directory_iterator at(folder.terraform(), error), end; !error && at != end; at.increment(error)) {
    auto name = at->path().filename().string();
    if (name.starts_with("steps-") && at->path() != keep) old.push_back(at->path());
  }
  for (const auto& path : old) (void)remove_tree(path).ok();
}

// A state that can't be understood holds something.
bool holds_resources(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return false;
  auto text = read_file_bounded(path, max_state_bytes);
  if (!text || text->empty()) return !text;
  auto state = parse_json(*text);
  if (!state.is_object() || !state.contains("resources") || !state["resources"].is_array()) return true;
  return !state["resources"].empty();
}

// Whether the environment's own state holds anything; TF_WORKSPACE may have put it beside the usual one.
bool has_resources(const EnvironmentFolder& folder) {
  bool any = holds_resources(folder.terraform() + "/terraform.tfstate");
  std::error_code error;
  for (fs::directory_iterator at(folder.terraform() + "/workspaces", error), end; !error && at != end;
       at.increment(error)) {
    any = any || holds_resources(at->path().string() + "/terraform.tfstate");
  }
  return any;
}

// A state somewhere else: Terraform remembers its backend in the data directory once init was done.
bool has_remote_state(const EnvironmentFolder& folder) {
  auto text = read_file_bounded(folder.terraform() + "/data/terraform.tfstate", max_state_bytes);
  if (!text) return false;
  auto memory = parse_json(*text);
  if (!memory.is_object() || !memory.contains("backend") || !memory["backend"].is_object()) return false;
  return memory["backend"].value("type", std::string()) != "local";
}

// Tries of destroy are numbered; one that still runs, or whose runner went before it could look, is taken up.
int destroy_try(const StepOwner& owner, StepExecutor& steps) {
  int last = 0;
  const auto begun = steps.steps(owner);
  for (const auto& name : begun ? *begun : std::vector<StepName>()) {
    int number = 0;
    std::from_chars(name.step.data(), name.step.data() + name.step.size(), number);
    last = std::max(last, number);
  }
  if (last == 0) return 1;
  auto destroy = steps.status({owner, std::to_string(last) + "-destroy"});
  if (destroy) return destroy->has_value() ? last + 1 : last;
  auto init = steps.status({owner, std::to_string(last) + "-init"});
  return init && init->has_value() && !(*init)->succeeded() ? last + 1 : last;
}

}  // namespace

Task<Result<std::map<std::string, std::string>>> TerraformProvisioner::create(Provision provision) {
  using Outputs = Result<std::map<std::string, std::string>>;
  const auto wanted = spec_of<TerraformSpec>(provision.spec);
  provision.environment.own = own_json(wanted);
  if (auto saved = save(provision.environment, provision.folder); !saved) co_return Outputs(saved.error());
  auto& log = *provision.request.log;
  const auto work = "steps-" + provision.environment.generation();
  TerraformSteps::Place place{AttemptOwner{provision.request.id()},
                              EnvironmentOwner{provision.environment.id, own_part, work},
                              provision.folder.terraform() + "/" + work, log_of(provision.request.id())};
  remove_old_output(provision.folder, place.folder);
  TerraformSteps steps(steps_, clock_, provision.environment, provision.folder, place, log, *provision.request.stop);
  if (auto ready = steps.prepare(); !ready) co_return Outputs(ready.error());
  int number = 0;
  if (auto ready = co_await steps.init(++number); !ready) co_return Outputs(ready.error());
  for (int tries = 1;; ++tries) {
    auto planned = co_await steps.plan(++number);
    if (!planned) co_return Outputs(planned.error());
    if (!*planned) {
      log.line("no changes");
      break;
    }
    if (auto shown = co_await steps.show(++number); !shown) co_return Outputs(shown.error());
    std::optional<Result<TerraformSteps::Applied>> applied;
    try {
      applied = co_await steps.apply(++number);
    } catch (const Stopped& stopped) {
      if (stopped.reason == StopReason::timeout) {
        log.line(
            "terraform apply had not ended. If every resource was created, a provisioner's child keeps Terraform's "
            "output open: start daemons with `setsid COMMAND >FILE 2>&1 </dev/null &`");
      }
      throw;
    }
    if (!*applied) co_return Outputs(applied->error());
    if (**applied == TerraformSteps::Applied::done) break;
    if (tries == 2) {
      co_return Outputs(
          infrastructure_error("the saved plan was stale twice: something else changes this environment's state"));
    }
    log.line("the saved plan is stale: planning again");
  }
  auto outputs = co_await steps.output(++number);
  if (!outputs) co_return Outputs(outputs.error());
  for (const auto& name : outputs->sensitive) log.line("output " + name + " is sensitive: it is not passed on");
  for (const auto& [name, value] : outputs->values) log.line("output " + name + " = " + value);
  co_return Outputs(outputs->values);
}

Task<Result<void>> TerraformProvisioner::destroy(EnvironmentDescriptor environment, EnvironmentFolder folder,
                                                 Stop& stop) {
  if (!has_resources(folder) && !has_remote_state(folder)) co_return Result<void>();
  const EnvironmentOwner tries{environment.id, own_part, "destroy"};
  TerraformSteps::Place place{tries, EnvironmentOwner{environment.id, own_part, "destroy-output"},
                              folder.terraform() + "/destroy-output", StepText{tries, {}, StepText::Kind::log}};
  int number = destroy_try(place.steps, steps_);
  DiscardedLog log;
  TerraformSteps steps(steps_, clock_, environment, folder, place, log, stop);
  if (auto ready = steps.prepare(); !ready) co_return ready;
  if (auto ready = co_await steps.init(number); !ready) co_return ready;
  co_return co_await steps.destroy(number);
}

}  // namespace quietgate
