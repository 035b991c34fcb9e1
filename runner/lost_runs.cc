#include "runner/lost_runs.h"

#include <charconv>
#include <filesystem>

#include "runner/adapters/run_numbers.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

// Somebody who writes a number may cost that many, not all of them.
constexpr std::int64_t most_leap = 1'000'000;

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator at(path, code), end; !code && at != end; at.increment(code)) {
    std::error_code ignored;
    if (fs::is_directory(at->symlink_status(ignored))) names.push_back(at->path().filename().string());
  }
  return names;
}

std::int64_t number_of(const std::string& name) {
  std::int64_t number = 0;
  const auto [rest, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  return problem == std::errc() && rest == name.data() + name.size() ? number : 0;
}

}  // namespace

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

Task<void> end_lost_runs(std::string data, Catalog& catalog, StepEnder& steps,
                         std::function<void(const std::string& line)> say, Stop& stop) {
  for (const auto& repository : repositories_with_folders(data)) {
    auto newest = catalog.runs(repository, 1);
    const auto known = newest && !newest->empty() ? newest->front().id.number : 0;
    const auto root = data + "/runs/" + repository + "/";
    for (const auto& folder : folders_in(root)) {
      if (!newest || number_of(folder) <= known) continue;
      say("run " + repository + "/" + folder + " is not in the journal, which is an older one: its files stay in " +
          root + folder + ", what it left running is ended");
      for (const auto& attempt : folders_in(root + folder)) {
        auto ended = co_await steps.end_steps(root + folder + "/" + attempt, stop);
        if (!ended) say(ended.error().message);
      }
    }
  }
}

}  // namespace quietgate
