#include "runner/adapters/local_steps/local_steps.h"

#include <algorithm>
#include <filesystem>

#include "runner/base/files.h"
#include "runner/base/plain_file.h"
#include "runner/base/tree_removal.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

// Where an attempt logs is there before its steps are.
Result<void> make_place_of(const std::string& file, const StepText& text) {
  if (text.step.empty() && std::holds_alternative<AttemptOwner>(text.owner)) return {};
  return make_folder(fs::path(file).parent_path().string());
}

// Version 1 kept a folder for each step, which nobody reads any more (docs/leader.md).
bool is_of_version_1(const std::string& folder, const StepName& name) {
  std::error_code ignored;
  return std::holds_alternative<AttemptOwner>(name.owner) && fs::is_directory(folder + "/steps/" + name.step, ignored);
}

void remove_file(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

}  // namespace

Result<LedStep> LocalSteps::led(StepSpec spec) {
  if (auto sound = check_name(spec.name); !sound) return sound.error();
  if (auto sound = check_name(spec.log); !sound) return sound.error();
  if (auto sound = spec.output ? check_name(*spec.output) : Result<void>(); !sound) return sound.error();
  if (is_of_version_1(layout_.steps(spec.name.owner), spec.name))
    return infrastructure_error("an older version of quietgate began this attempt, and its steps can't be taken up",
                                "retry it when nothing of it runs any more");
  LedStep step;
  step.record = layout_.record(spec.name);
  step.script_file = layout_.script(spec.name);
  step.working_directory = spec.tree.empty() ? layout_.steps(spec.name.owner) : spec.tree;
  if (spec.tree.empty()) {
    if (auto made = make_folder(step.working_directory); !made) return made.error();
  }
  step.log = layout_.text(spec.log);
  if (auto made = make_place_of(step.log, spec.log); !made) return made.error();
  if (spec.output) {
    step.output = layout_.text(*spec.output);
    if (auto made = make_place_of(step.output, *spec.output); !made) return made.error();
  }
  if (confinement_ != nullptr) {
    step.preparation = this;
    step.spec = std::make_shared<StepSpec>(spec);
  }
  static_cast<StepCommand&>(step) = std::move(spec);
  return step;
}

Task<Result<void>> LocalSteps::prepare(LedStep& step, Stop& stop) {
  if (auto holder = confinement_->holder(*step.spec)) {
    auto name = co_await hold(std::move(*holder), stop);
    if (!name) co_return name.error();
    step.joins = layout_.record(*name);
  }
  auto confined = co_await confinement_->confine(*step.spec, stop);
  if (!confined) co_return confined.error();
  step.sandbox = std::move(*confined);
  step.environment = std::move(step.spec->environment);
  step.working_directory = step.spec->tree;
  co_return Result<void>();
}

// One that ended, or went with the machine, is not begun again: another one takes its place.
Task<Result<StepName>> LocalSteps::hold(StepSpec holder, Stop& stop) {
  auto& owner = std::get<EnvironmentOwner>(holder.name.owner);
  for (int number = 1;; ++number) {
    owner.work = std::to_string(number);
    holder.log = log_of(holder.name);
    const auto known = status(holder.name);
    if (known && *known) continue;
    const auto name = holder.name;
    if (known) co_return name;
    auto step = led(std::move(holder));
    if (!step) co_return step.error();
    auto started = co_await led_.start(std::move(*step), stop);
    if (!started) co_return started.error();
    co_return name;
  }
}

Task<Result<StepExit>> LocalSteps::run(StepSpec spec, Stop& stop) {
  auto step = led(std::move(spec));
  if (!step) co_return step.error();
  co_return co_await led_.run(std::move(*step), stop);
}

Task<Result<void>> LocalSteps::start(StepSpec spec, Stop& stop) {
  auto step = led(std::move(spec));
  if (!step) co_return step.error();
  co_return co_await led_.start(std::move(*step), stop);
}

Result<std::optional<StepExit>> LocalSteps::status(const StepName& name) {
  if (auto sound = check_name(name); !sound) return sound.error();
  return led_.status(layout_.record(name));
}

Task<Result<void>> LocalSteps::end(StepName name, Stop& stop) {
  if (auto sound = check_name(name); !sound) co_return sound.error();
  co_return co_await led_.end(layout_.record(name), stop);
}

Result<std::vector<StepName>> LocalSteps::steps(const StepOwner& owner) {
  if (auto sound = check_name(owner); !sound) return sound.error();
  std::vector<StepName> names;
  for (const auto& folder : layout_.step_folders(owner)) {
    std::error_code error;
    const int levels = folder.groups ? 1 : 0;
    for (fs::recursive_directory_iterator at(folder.path, error), end; !error && at != end; at.increment(error)) {
      std::error_code ignored;
      if (at.depth() >= levels) at.disable_recursion_pending();
      if (!at->is_regular_file(ignored)) continue;
      if (auto name = layout_.step_at(owner, at->path().string())) names.push_back(std::move(*name));
    }
    if (error && error != std::errc::no_such_file_or_directory)
      return infrastructure_error("can't read " + folder.path + ": " + error.message(),
                                  "check the disk and the permissions of the data directory");
  }
  return names;
}

void LocalSteps::forget(const StepName& name) {
  if (!check_name(name)) return;
  remove_file(layout_.record(name));
  remove_file(layout_.script(name));
  remove_file(layout_.text(output_of(name)));
  const auto log = layout_.text(log_of(name));
  remove_file(log);
  remove_file(log + ".index");
  // The folder of an attempt has more in it than its steps.
  if (std::holds_alternative<AttemptOwner>(name.owner)) return;
  const auto others = steps(name.owner);
  if (others && others->empty()) (void)remove_tree(layout_.steps(name.owner)).ok();
}

std::string LocalSteps::read(const StepText& text, std::int64_t from, std::size_t most) {
  if (!check_name(text)) return {};
  const auto path = layout_.text(text);
  if (from >= 0) return read_plain(path, static_cast<std::uint64_t>(from), most);
  auto last = read_plain_end(path, static_cast<std::size_t>(-from));
  last.resize(std::min(last.size(), most));
  return last;
}

}  // namespace quietgate
