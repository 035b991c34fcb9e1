#include "runner/adapters/sandbox/bubblewrap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runner/adapters/sandbox/call_filter.h"
#include "runner/adapters/sandbox/trial.h"
#include "runner/base/descriptor.h"
#include "runner/base/plain_file.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr const char* programs[] = {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"};

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

bool is_holder(const StepSpec& spec) {
  const auto* owner = std::get_if<EnvironmentOwner>(&spec.name.owner);
  return owner != nullptr && owner->part == sandbox_part;
}

Result<void> make_own(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return infrastructure_error("can't make " + path + ": " + std::strerror(errno),
                              "check the space and the permissions of the data directory");
}

bool needs_giving(const StepUser& user, const std::string& path) {
  struct stat status {};
  return user.user != 0 && ::lstat(path.c_str(), &status) == 0 && status.st_uid != user.user;
}

}  // namespace

// Where a step works, and what of the data directory it sees.
struct Bubblewrap::Place {
  std::string own;  // of its HOME and /tmp
  std::vector<std::string> writable;
  std::vector<std::string> readable;
  std::vector<std::string> hidden;  // folders within them
  std::string script;
  std::vector<std::string> added_to;  // folders in which the runner makes files for the step
  bool joins = false;
  std::string home() const { return own + "/home"; }
  std::string temporary() const { return own + "/tmp"; }
};

Result<Bubblewrap> Bubblewrap::make(BubblewrapOptions options) {
  auto user = step_user(options.user);
  if (!user) return user.error();
  Bubblewrap made(std::move(options), std::move(*user));
  for (const char* program : programs) {
    if (made.program_.empty() && ::access(program, X_OK) == 0) made.program_ = program;
  }
  if (made.program_.empty())
    return infrastructure_error("bubblewrap is not installed: steps can't be kept apart",
                                "apt-get install bubblewrap; or, where every pipeline may do all that this user may, "
                                "`isolation: none` in the configuration");
  auto filter = call_filter();
  if (!filter) return filter.error();
  made.filter_ = std::move(*filter);
  made.system_ = system_view();
  if (auto folder = make_own(made.trial_folder(), 0700); !folder) return folder.error();
  auto instead = known_users(made.user_, made.trial_folder());
  if (!instead) return instead.error();
  made.instead_ = std::move(*instead);
  return made;
}

SandboxPolicy Bubblewrap::base() const {
  SandboxPolicy policy;
  policy.program = program_;
  policy.made_by_root = ::geteuid() == 0;
  policy.system = system_;
  policy.instead = instead_;
  for (const auto& path : options_.shown) {
    if (is_there(path)) policy.readable.push_back(path);
  }
  hide(policy);
  return policy;
}

// What stands in what isn't shown needs no hiding.
void Bubblewrap::hide(SandboxPolicy& policy) const {
  auto hidden = options_.hidden;
  hidden.push_back(options_.data);
  for (const auto& path : hidden) {
    if (!is_shown(system_, path) || !is_there(path)) continue;
    (is_folder(path) ? policy.hidden_folders : policy.hidden_files).push_back(path);
  }
}

Result<void> Bubblewrap::try_out() const {
  auto policy = base();
  policy.home = policy.temporary = trial_folder();
  return try_sandbox(sandbox_arguments(policy), filter_);
}

Bubblewrap::Place Bubblewrap::place_of(const StepSpec& spec) const {
  const DataLayout layout(options_.data);
  Place place;
  place.readable = spec.view.readable;
  place.writable = spec.view.writable;
  auto environment = spec.view.environment;
  if (const auto* owner = std::get_if<AttemptOwner>(&spec.name.owner)) {
    const auto tree = layout.attempt(owner->attempt) + "/tree";
    place.own = layout.attempt(owner->attempt) + "/own";
    if (is_within(spec.tree, tree)) place.writable.push_back(tree);
  } else if (const auto* of = std::get_if<EnvironmentOwner>(&spec.name.owner)) {
    environment = of->environment;
  } else if (const auto* check = std::get_if<PlanCheckOwner>(&spec.name.owner)) {
    place.own = layout.steps(*check) + "/own";
    place.readable.push_back(layout.checkout(check->run));
  }
  if (!environment.empty()) {
    const auto folder = layout.environments() + "/" + environment;
    place.own = folder + "/own";
    place.joins = true;
    // Records and the descriptor are the runner's.
    place.writable.insert(place.writable.end(), {folder + "/checkout", folder + "/data", folder + "/terraform"});
    place.readable.push_back(folder + "/checkout.old");
    place.hidden.push_back(folder + "/terraform/destroy");
    place.added_to.push_back(folder + "/terraform");
  }
  const auto is_absent = [](const std::string& path) { return !is_there(path); };
  std::erase_if(place.writable, is_absent);
  std::erase_if(place.readable, is_absent);
  std::erase_if(place.hidden, is_absent);
  std::erase_if(place.added_to, is_absent);
  // It is there when the step begins.
  if (!spec.script.empty()) place.script = layout.script(spec.name);
  if (!place.script.empty()) place.readable.push_back(place.script);
  return place;
}

Result<void> Bubblewrap::prepare(const Place& place) const {
  for (const auto& path : {place.own, place.home(), place.temporary()}) {
    if (auto made = make_own(path, 0700); !made) return made;
    if (auto given = give_to(user_, path); !given) return given;
  }
  for (const auto& path : place.writable) {
    if (auto given = give_to(user_, path); !given) return given;
  }
  if (!place.script.empty()) {
    if (auto given = give_to(user_, place.script); !given) return given;
  }
  for (const auto& path : place.added_to) {
    if (auto given = give_entries(user_, path); !given) return given;
  }
  return {};
}

Task<Result<ConfinedStep>> Bubblewrap::confine(StepSpec& spec, Stop& stop) {
  for (const auto& file : spec.view.writable) {
    if (!is_there(file)) Descriptor(open_plain(file, O_WRONLY | O_CREAT)).reset();
  }
  const auto place = place_of(spec);
  bool long_work = false;
  for (const auto& path : place.writable) long_work = long_work || (is_folder(path) && needs_giving(user_, path));
  Result<void> prepared;
  if (long_work && disk_ != nullptr) {
    std::function<Result<void>(const Disk::StopFlag&)> work = [this, place](const Disk::StopFlag&) {
      return prepare(place);
    };
    prepared = co_await disk_->run(std::move(work), stop);
  } else {
    prepared = prepare(place);
  }
  if (!prepared) co_return prepared.error();
  auto policy = base();
  policy.joins = place.joins && !is_holder(spec);
  policy.network = spec.view.network;
  policy.home = place.home();
  policy.temporary = place.temporary();
  policy.readable.insert(policy.readable.end(), place.readable.begin(), place.readable.end());
  policy.writable = place.writable;
  policy.covered = place.hidden;
  auto& home = spec.environment["HOME"];
  if (home.empty() || home == options_.home) home = sandbox_home;
  if (user_.user != 0 && spec.environment.contains("USER")) spec.environment["USER"] = user_.name;
  // Its owner's folder has more in it than the step may see.
  if (spec.tree.empty()) spec.tree = sandbox_home;
  ConfinedStep confined;
  confined.holds = is_holder(spec);
  confined.argv = sandbox_arguments(policy);
  confined.filter = filter_;
  confined.user = user_.user;
  confined.group = user_.group;
  co_return confined;
}

std::optional<StepSpec> Bubblewrap::holder(const StepSpec& spec) {
  auto environment = spec.view.environment;
  if (const auto* owner = std::get_if<EnvironmentOwner>(&spec.name.owner)) environment = owner->environment;
  if (environment.empty() || is_holder(spec)) return std::nullopt;
  StepSpec held;
  held.name = {EnvironmentOwner{environment, sandbox_part, "1"}, "holder"};
  held.argv = {sandbox_part};
  held.environment = {{"PATH", "/usr/bin:/bin"}};
  held.log = log_of(held.name);
  held.nonce = spec.nonce;
  return held;
}

}  // namespace quietgate
