#include "runner/service/lost_runs.h"

#include <cstdlib>
#include <filesystem>
#include <set>

#include "runner/base/folders.h"
#include "runner/ports/data_layout.h"
#include "runner/service/run_numbers.h"
#include "stages/environments/contract/environment.h"
#include "stages/environments/provisioners.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_environments = 1'000;

// Folders and plain files only: whoever puts a link there wants another's file to be read.
bool has_descriptor(const EnvironmentFolder& folder) {
  std::error_code ignored;
  return fs::is_regular_file(fs::symlink_status(folder.descriptor(), ignored));
}

// As an `apply` stage writes it into that folder.
bool is_sound(const EnvironmentDescriptor& environment, const std::string& name) {
  return environment.id == name && !name.starts_with('.') && environment.run.number > 0 && !environment.stage.empty() &&
         find_provisioner(provisioners(), environment.provisioner) != nullptr;
}

std::vector<Event> rows_of(const EnvironmentDescriptor& lost, Time now) {
  std::vector<Event> rows;
  rows.emplace_back(EnvironmentPlanned{lost.id, lost.run, lost.stage, lost.provisioner, lost.keep,
                                       lost.keep ? Time{} : now, lost.ports});
  if (lost.keep) rows.emplace_back(EnvironmentReady{lost.id, lost.run});
  return rows;
}

// Of the environment in that folder; none: its run is known.
Result<std::optional<EnvironmentDescriptor>> lost_environment(const EnvironmentFolder& folder, const std::string& name,
                                                              InlineCatalog& catalog) {
  auto read = load_environment(folder);
  if (!read) return read.error();
  if (!is_sound(*read, name))
    return infrastructure_error(folder.descriptor() + " is not what an apply stage writes there",
                                "check the folder, end the processes that still run there, then remove it");
  auto run = catalog.run_now(read->run);
  if (!run) return run.error();
  if (run->has_value()) return std::optional<EnvironmentDescriptor>();
  return std::optional(std::move(*read));
}

Result<void> keep_numbers(JournalSqlite& journal) {
  auto environments = journal.catalog().environments_now();
  if (!environments) return environments.error();
  for (const auto& each : *environments) {
    auto next = journal.next_number(each.run.repository);
    if (!next) return next.error();
    if (each.run.number <= *next + most_leap) journal.number_above(each.run.repository, each.run.number);
  }
  return {};
}

}  // namespace

Result<void> record_lost_environments(const std::string& data, JournalSqlite& journal, Time now,
                                      const std::function<void(const std::string& line)>& say) {
  auto live = journal.catalog().environments_now();
  if (!live) return live.error();
  std::set<std::string> on_record;
  for (const auto& each : *live) on_record.insert(each.id);
  std::size_t looked_at = 0;
  for (const auto& name : folders_in(DataLayout(data).environments())) {
    const EnvironmentFolder folder{DataLayout(data).environments() + "/" + name};
    if (on_record.contains(name) || !has_descriptor(folder)) continue;
    if (++looked_at > most_environments) {
      say("there are more than " + std::to_string(most_environments) + " environments in " +
          DataLayout(data).environments() + " that the journal does not contain: the next start checks the rest");
      break;
    }
    auto lost = lost_environment(folder, name, journal.catalog());
    if (!lost) say(lost.error().message + (lost.error().advice.empty() ? "" : " (" + lost.error().advice + ")"));
    if (!lost || !lost->has_value()) continue;
    if (auto appended = journal.append_now(rows_of(**lost, now)); !appended) return appended.error();
    say("environment " + name + " belongs to run " + to_string((*lost)->run) + ", which is not in the journal: it is " +
        ((*lost)->keep ? "kept, and recorded again" : "destroyed"));
  }
  return keep_numbers(journal);
}

Result<void> number_above_lost_runs(const std::string& data, std::vector<std::string> repositories,
                                    JournalSqlite& journal) {
  for (auto& name : repositories_with_folders(data)) repositories.push_back(std::move(name));
  for (const auto& name : repositories) {
    auto next = journal.next_number(name);
    if (!next) return next.error();
    journal.number_above(name, highest_number(data, name, *next + most_leap));
  }
  return {};
}

Result<std::vector<RunId>> lost_runs(const std::string& data, InlineCatalog& catalog) {
  std::vector<RunId> lost;
  for (const auto& repository : repositories_with_folders(data)) {
    auto newest = catalog.runs_now(repository, 1);
    if (!newest) return newest.error();
    const auto known = newest->empty() ? 0 : newest->front().id.number;
    for (const auto& folder : folders_in(DataLayout(data).runs_of(repository))) {
      const auto number = number_of(folder);
      if (number > known && folder == std::to_string(number)) lost.push_back({repository, number});
    }
  }
  return lost;
}

Task<Result<bool>> keeps_number(std::string data, RunId run, Catalog& catalog) {
  auto newest = co_await catalog.runs(run.repository, 1);
  if (!newest) co_return newest.error();
  const auto next = newest->empty() ? 1 : newest->front().id.number + 1;
  co_return run.number >= highest_folder(data, run.repository, next + most_leap);
}

Task<Result<std::vector<std::string>>> forgotten_folders(std::string data, Catalog& catalog) {
  std::vector<std::string> found;
  auto environments = co_await catalog.environments();
  if (!environments) co_return environments.error();
  std::set<RunId> needed;
  for (const auto& environment : *environments) needed.insert(environment.run);
  for (const auto& repository : repositories_with_folders(data)) {
    auto newest = co_await catalog.runs(repository, 1);
    if (!newest) co_return newest.error();
    if (newest->empty()) continue;
    const auto place = DataLayout(data).runs_of(repository);
    std::error_code code;
    for (fs::directory_iterator folder(place, code), end; !code && folder != end; folder.increment(code)) {
      // Also what was moved aside: `7.stale-1`.
      const RunId id{repository, std::strtoll(folder->path().filename().c_str(), nullptr, 10)};
      if (id.number <= 0 || id.number > newest->front().id.number || needed.contains(id)) continue;
      auto kept = co_await keeps_number(data, id, catalog);
      if (!kept) co_return kept.error();
      auto run = co_await catalog.run(id);
      if (!run) co_return run.error();
      if (!*kept && !run->has_value()) found.push_back(folder->path().string());
    }
  }
  co_return found;
}

Task<void> end_lost_runs(std::string data, std::vector<RunId> lost, StepExecutor& steps,
                         std::function<void(const std::string& line)> say, Stop& stop) {
  for (const auto& run : lost) {
    const auto root = DataLayout(data).run(run);
    say("run " + to_string(run) + " is not in the journal, which is older than the run: its files stay in " + root +
        ", and its running steps are ended");
    for (const auto& folder : folders_in(root)) {
      auto owner = owner_in(run, folder);
      if (!owner) continue;
      auto ended = co_await end_steps(steps, std::move(*owner), stop);
      if (!ended) say(ended.error().message);
    }
  }
}

}  // namespace quietgate
