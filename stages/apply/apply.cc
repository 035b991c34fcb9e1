#include "stages/apply/apply.h"

#include <filesystem>
#include <memory>

#include "runner/base/files.h"
#include "runner/base/json_tree.h"
#include "runner/model/expression.h"
#include "runner/model/stage_templates.h"
#include "stages/apply/overtaken.h"
#include "stages/apply/release_watch.h"
#include "stages/attempt/artifacts.h"
#include "stages/attempt/given.h"
#include "stages/attempt/step.h"
#include "stages/environments/background_removal.h"
#include "stages/environments/provisioners.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

using Outputs = Result<std::map<std::string, std::string>>;

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// What a runner that went before this one wrote down for this very environment.
std::optional<EnvironmentPlanned> earlier_plan(const StageRequest& request, const std::string& id) {
  const auto& known = request.run_state->stages.at(request.spec.name).environment;
  if (!known || known->planned.environment != id) return std::nullopt;
  return known->planned;
}

Lookup names_of(const EnvironmentDescriptor& environment, const EnvironmentFolder& folder) {
  return [environment, folder](const std::string& name) -> std::optional<std::string> {
    if (name == "apply.id") return environment.id;
    if (name == "apply.directory") return folder.data();
    if (!name.starts_with("ports.")) return std::nullopt;
    auto port = environment.ports.find(name.substr(6));
    if (port == environment.ports.end()) return std::nullopt;
    return std::to_string(port->second);
  };
}

// Only the secrets that its own values hold are kept with an environment: no other can come out of it.
std::vector<std::string> secrets_within(const StageRequest& request, const EnvironmentDescriptor& environment,
                                        const ApplySpec& spec, const ProvisionerDescriptor* known) {
  std::vector<std::string> found;
  for (const auto& secret : request.secrets) {
    bool within = false;
    for (const auto& [name, value] : environment.environment)
      within = within || value.find(secret) != std::string::npos;
    if (known != nullptr && known->destroys_by_spec) {
      const JsonTree texts(spec.provisioner.json);
      json_of(texts.root(),
              [&](const std::string& text) { within = within || text.find(secret) != std::string::npos; });
    }
    if (within) found.push_back(secret);
  }
  return found;
}

Result<ApplySpec> resolved_spec(const StageRequest& request, EnvironmentDescriptor& environment,
                                const EnvironmentFolder& folder, const ProvisionerDescriptor* known) {
  environment.environment = request.environment;
  environment.environment["QUIETGATE_ENVIRONMENT_ID"] = environment.id;
  environment.environment["QUIETGATE_ENVIRONMENT_DIRECTORY"] = folder.data();
  const auto body = resolve_rest(request.spec.body, names_of(environment, folder));
  if (!body) return body.error();
  auto spec = spec_of<ApplySpec>(*body);
  environment.secrets = secrets_within(request, environment, spec, known);
  return spec;
}

// On the disk's threads, when there is one.
Task<Result<void>> beside(Disk* disk, std::function<Result<void>(const Disk::StopFlag&)> work, Stop& stop) {
  if (disk != nullptr) co_return co_await disk->run(std::move(work), stop);
  const Disk::StopFlag never{false};
  co_return work(never);
}

}  // namespace

std::string environment_id(const RunId& run, const std::string& stage, int attempt, bool keep) {
  auto id = run.repository + "-" + (keep ? "" : std::to_string(run.number) + "-") + stage;
  if (!keep && attempt > 1) id += "-a" + std::to_string(attempt);
  for (char& c : id) {
    bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!plain) c = '-';
  }
  if (id.starts_with('.')) id.front() = '-';
  return id;
}

// One run at a time works on a kept environment.
class ApplyStage::UpdateGuard {
 public:
  UpdateGuard(std::set<std::string>& busy, std::string id) : busy_(busy), id_(std::move(id)) { busy_.insert(id_); }
  ~UpdateGuard() { busy_.erase(id_); }
  UpdateGuard(const UpdateGuard&) = delete;
  UpdateGuard& operator=(const UpdateGuard&) = delete;

 private:
  std::set<std::string>& busy_;
  std::string id_;
};

// Picks what must be known before anything is made, and writes the intent: from there on the environment will be
// destroyed, however far this gets.
Task<Result<EnvironmentDescriptor>> ApplyStage::plan(const StageRequest& request, const ApplySpec& spec, std::string id,
                                                     EnvironmentFolder folder, LoopbackPorts::Lease& lease) {
  EnvironmentDescriptor environment;
  const auto earlier = earlier_plan(request, id);
  if (is_there(folder.descriptor())) {
    auto known = load_environment(folder);
    if (!known) co_return known.error();
    bool ours = known->run.repository == request.run.repository && known->stage == request.spec.name &&
                (spec.keep ? known->keep : earlier.has_value());
    if (!ours) {
      co_return infrastructure_error("the environment " + id + " exists already: it was created by " +
                                         to_string(known->run) + ", stage " + known->stage,
                                     "destroy it, or rename the stage");
    }
    environment = *known;
  }
  environment.id = id;
  environment.run = request.run;
  environment.stage = request.spec.name;
  environment.attempt = request.attempt;
  environment.nonce = request.nonce;
  environment.keep = spec.keep;
  environment.commit = request.commit;
  const std::string& provisioner = spec.provisioner.name;
  if (!environment.provisioner.empty() && environment.provisioner != provisioner) {
    co_return user_error("the kept environment " + id + " was created by `" + environment.provisioner +
                             "` and can't be updated by `" + provisioner + "`",
                         "rename the stage, or destroy the environment first");
  }
  environment.provisioner = provisioner;
  auto leased = ports_.lease(spec.ports, earlier ? earlier->ports : environment.ports);
  if (!leased) co_return leased.error();
  lease = std::move(*leased);
  environment.ports = lease.ports;
  if (earlier) co_return environment;
  EnvironmentPlanned planned{id, request.run, request.spec.name, provisioner, spec.keep, Time{}, environment.ports};
  if (!spec.keep) planned.expires = clock_.now() + spec.time_to_live;
  std::vector<Event> events;
  events.emplace_back(std::move(planned));
  auto appended = co_await request.journal->append(std::move(events));
  if (!appended) co_return appended.error();
  co_return environment;
}

// The old checkout stays in place until the new one is whole; `checkout.commit` says which commit is in place, and for
// which attempt: an earlier one of the same commit left its files there. What an update replaces goes with the next
// one: services of a kept environment may still work there.
Task<Result<void>> ApplyStage::place_checkout(const StageRequest& request, EnvironmentFolder folder) {
  auto mark = folder.root + "/checkout.commit";
  auto meant = request.commit + "\n" + to_string(request.run) + " " + std::to_string(request.attempt) + "\n";
  auto placed = read_file_bounded(mark, 1024);
  const bool is_ours = placed && (*placed == meant || (request.resume && *placed == request.commit));
  if (is_ours && is_there(folder.checkout())) co_return Result<void>();
  auto coming = folder.checkout() + ".new";
  auto going = folder.checkout() + ".old";
  if (auto removed = co_await remove_tree_in_background(disk_, coming, *request.stop); !removed) co_return removed;
  if (is_there(folder.checkout())) {
    if (auto removed = co_await remove_tree_in_background(disk_, going, *request.stop); !removed) co_return removed;
  }
  auto written = co_await git_.checkout(request.run.repository, request.commit, coming, *request.stop);
  if (!written) co_return written;
  if (!request.given.empty()) {
    std::function<Result<void>(const Disk::StopFlag&)> put =
        [given = request.given, coming](const Disk::StopFlag& stop) { return put_artifacts(given, coming, stop); };
    auto given = co_await beside(disk_, std::move(put), *request.stop);
    if (!given) co_return given;
    tell_given(*request.log, request.given);
  }
  std::error_code error;
  fs::remove(mark, error);
  if (is_there(folder.checkout())) fs::rename(folder.checkout(), going, error);
  if (!error) fs::rename(coming, folder.checkout(), error);
  if (error)
    co_return infrastructure_error("can't put the checkout of " + folder.root + " in place: " + error.message());
  co_return write_file_durably(mark, meant);
}

Task<Result<std::map<std::string, std::string>>> ApplyStage::apply(const StageRequest& request,
                                                                   const ApplySpec& planned, std::string id,
                                                                   std::optional<WatchSpec>& watch) {
  EnvironmentFolder folder{request.environments + "/" + id};
  LoopbackPorts::Lease lease;
  auto environment = co_await plan(request, planned, id, folder, lease);
  if (!environment) co_return Outputs(environment.error());
  request.log->line("environment " + id);
  for (const auto& path : {folder.root, folder.data()}) {
    if (auto made = make_folder(path, true); !made) co_return Outputs(made.error());
  }
  const auto* kind = find_provisioner(provisioners_, environment->provisioner);
  auto spec = resolved_spec(request, *environment, folder, kind);
  if (auto saved = save(*environment, folder); !saved) co_return Outputs(saved.error());
  if (!spec) co_return Outputs(spec.error());
  watch = spec->watch;
  if (auto placed = co_await place_checkout(request, folder); !placed) co_return Outputs(placed.error());
  if (kind == nullptr)
    co_return Outputs(infrastructure_error("this quietgate has no provisioner `" + environment->provisioner + "`"));
  const auto provisioner = kind->make(steps_, http_, clock_);
  Provision provision{request, spec->provisioner, folder, *environment};
  auto outputs = co_await provisioner->create(provision);
  if (!outputs) co_return outputs;
  for (const auto& [name, value] : spec->outputs) (*outputs)[name] = value;
  (*outputs)["environment"] = id;
  std::vector<Event> ready{EnvironmentReady{id, request.run}};
  auto appended = co_await request.journal->append(std::move(ready));
  if (!appended) co_return Outputs(appended.error());
  co_return outputs;
}

// A remote that can't be asked just now cuts no release.
Task<std::optional<Overtaken>> ApplyStage::moved_on(const StageRequest& request) {
  auto moved = co_await overtaken(git_, request);
  if (moved) co_return std::move(*moved);
  request.log->line("quietgate could not check whether the promoted branch has moved: " + moved.error().message);
  co_return std::nullopt;
}

Task<StageOutcome> ApplyStage::run(StageRequest request) {
  const auto spec = spec_of<ApplySpec>(request.spec.body);
  auto id = environment_id(request.run, request.spec.name, request.attempt, spec.keep);
  if (busy_.contains(id)) request.log->line("waiting: another run is updating the environment " + id);
  while (busy_.contains(id)) co_await clock_.sleep(Milliseconds(200), *request.stop);
  UpdateGuard guard(busy_, id);
  StageOutcome outcome;
  if (spec.keep) {
    if (auto moved = co_await moved_on(request)) {
      outcome.outcome = Outcome::failed;
      outcome.reason = moved->sentence() + ": an older commit is not deployed over it";
      outcome.advice = "start a run of the commit that the branch is at now";
      outcome.overtaken_by = moved->now;
      outcome.outputs[overtaken_output] = moved->now;
      co_return outcome;
    }
  }
  std::optional<WatchSpec> watch;
  auto outputs = co_await apply(request, spec, id, watch);
  if (!outputs) {
    outcome = outcome_of(outputs.error());
    outcome.reason = masked(std::move(outcome.reason), request.secrets);
  } else {
    outcome.outcome = Outcome::passed;
    outcome.reason = "environment " + id + " is ready";
    if (spec.keep) {
      const auto moved = co_await moved_on(request);
      if (moved) outcome.reason += "; meanwhile " + moved->sentence();
    }
    outcome.outputs = std::move(*outputs);
    outcome.given = given_of(request.given);
  }
  if (!watch || outcome.outcome != Outcome::passed) co_return outcome;
  ReleaseWatch release(http_, clock_, deliveries_);
  co_return co_await release.watch(std::move(request), std::move(*watch), std::move(outcome));
}

}  // namespace quietgate
