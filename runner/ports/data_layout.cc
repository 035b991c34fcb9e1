#include "runner/ports/data_layout.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace quietgate {

namespace {

constexpr const char* record_ending = ".step";
constexpr const char* aside_mark = ".stale-";
constexpr const char* plan_check = "rules-check";

// 7 of `.7`, after that mark; 0: that is not what stands there.
int number_after(const std::string& text, std::size_t from) {
  int number = 0;
  const auto* begin = text.data() + std::min(from, text.size());
  const auto* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(begin, end, number);
  return problem == std::errc() && rest == end && number > 0 ? number : 0;
}

// The commands of a test: they have always stood beside their log.
bool is_run(const std::string& step) {
  const auto digits = step.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string::npos && step.substr(digits) == "-run";
}

}  // namespace

const char* file_name(AttemptFile file) {
  constexpr const char* names[] = {
      "log", "progress.json", "tests.json", "measurements.ndjson", "artifacts/load.svg", "artifacts.json"};
  return names[static_cast<int>(file)];
}

std::string DataLayout::mirrors() const {
  return data_ + "/mirrors";
}

std::string DataLayout::mirror(const std::string& repository) const {
  return mirrors() + "/" + repository + ".git";
}

std::string DataLayout::environments() const {
  return data_ + "/environments";
}

std::string DataLayout::runs() const {
  return data_ + "/runs";
}

std::string DataLayout::runs_of(const std::string& repository) const {
  return runs() + "/" + repository;
}

std::string DataLayout::run(const RunId& run) const {
  return runs_of(run.repository) + "/" + std::to_string(run.number);
}

std::string DataLayout::checkout(const RunId& run) const {
  return checkout_in(this->run(run));
}

std::string DataLayout::attempt(const AttemptId& attempt) const {
  return run(attempt.run) + "/" + attempt_folder(attempt.stage, attempt.attempt);
}

std::string DataLayout::file(const AttemptId& attempt, AttemptFile file) const {
  return this->attempt(attempt) + "/" + file_name(file);
}

std::string DataLayout::artifacts(const AttemptId& attempt) const {
  return this->attempt(attempt) + "/artifacts";
}

std::string DataLayout::steps(const StepOwner& owner) const {
  if (const auto* of = std::get_if<AttemptOwner>(&owner))
    return attempt(of->attempt) + (of->aside > 0 ? aside_mark + std::to_string(of->aside) : std::string());
  if (const auto* of = std::get_if<EnvironmentOwner>(&owner))
    return environments() + "/" + of->environment + "/" + of->part + "/" + of->work;
  return run(std::get<PlanCheckOwner>(owner).run) + "/" + plan_check;
}

std::string DataLayout::place(const StepName& step) const {
  auto folder = steps(step.owner);
  auto word = step.step;
  if (const auto dot = word.find('.'); dot != std::string::npos) word[dot] = '/';
  if (std::holds_alternative<AttemptOwner>(step.owner) && !is_run(step.step)) folder += "/steps";
  return folder + "/" + word;
}

std::string DataLayout::record(const StepName& step) const {
  return place(step) + record_ending;
}

std::string DataLayout::script(const StepName& step) const {
  return place(step) + ".script";
}

std::string DataLayout::text(const StepText& text) const {
  const bool is_log = text.kind == StepText::Kind::log;
  const auto* environment = std::get_if<EnvironmentOwner>(&text.owner);
  if (text.step.empty())
    return steps(text.owner) + (environment != nullptr ? ".log" : std::string("/") + file_name(AttemptFile::log));
  const auto step = place({text.owner, text.step});
  if (environment == nullptr) return step + (is_log ? ".log" : ".out");
  if (!is_log) return step + ".json";
  return step + (environment->part == services_part ? "/log" : ".log");
}

std::vector<DataLayout::StepFolder> DataLayout::step_folders(const StepOwner& owner) const {
  std::vector<StepFolder> folders{{steps(owner)}};
  // Not what is below other folders: artifacts may have any name.
  if (std::holds_alternative<AttemptOwner>(owner)) folders.push_back({steps(owner) + "/steps", true});
  return folders;
}

std::optional<StepName> DataLayout::step_at(const StepOwner& owner, const std::string& record) const {
  for (const auto& folder : step_folders(owner)) {
    if (!record.starts_with(folder.path + "/") || !record.ends_with(record_ending)) continue;
    StepName name{owner, record.substr(folder.path.size() + 1)};
    name.step.resize(name.step.size() - std::string_view(record_ending).size());
    if (const auto slash = name.step.find('/'); slash != std::string::npos) name.step[slash] = '.';
    if (check_name(name).ok() && this->record(name) == record) return name;
  }
  return std::nullopt;
}

std::string checkout_in(const std::string& run_folder) {
  return run_folder + "/checkout";
}

std::string new_checkout_in(const std::string& run_folder) {
  return checkout_in(run_folder) + ".new";
}

std::string attempt_folder(const std::string& stage, int attempt) {
  return stage + "." + std::to_string(attempt);
}

std::optional<StepOwner> owner_in(const RunId& run, const std::string& folder) {
  if (folder == plan_check) return PlanCheckOwner{run};
  AttemptOwner owner{{run, {}, 0}, 0};
  auto name = folder;
  if (const auto mark = name.rfind(aside_mark); mark != std::string::npos) {
    owner.aside = number_after(name, mark + std::string_view(aside_mark).size());
    name.resize(mark);
  }
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  owner.attempt.attempt = number_after(name, dot + 1);
  owner.attempt.stage = name.substr(0, dot);
  const auto whole = attempt_folder(owner.attempt.stage, owner.attempt.attempt) +
                     (owner.aside > 0 ? aside_mark + std::to_string(owner.aside) : std::string());
  if (whole != folder || !check_name(StepOwner(owner))) return std::nullopt;
  return owner;
}

std::optional<StepName> service_at(const std::string& environment, const std::string& place) {
  std::vector<std::string> words(1);
  for (const char c : place) {
    if (c == '/') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words.size() < 3 || words[words.size() - 3] != services_part) return std::nullopt;
  StepName name{EnvironmentOwner{environment, services_part, words[words.size() - 2]}, words.back()};
  if (!check_name(name)) return std::nullopt;
  return name;
}

std::string data_of_environment(const std::string& folder) {
  const auto environments = folder.substr(0, folder.rfind('/'));
  return environments.substr(0, environments.rfind('/'));
}

}  // namespace quietgate
