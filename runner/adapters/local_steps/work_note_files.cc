#include "runner/adapters/local_steps/work_note_files.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

namespace quietgate {

namespace fs = std::filesystem;

namespace {

std::optional<RunId> run_of_file(const std::string& name) {
  RunId run;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), run.number);
  if (error != std::errc() || run.number <= 0 || end == name.data() + name.size() || *end != '.') return std::nullopt;
  run.repository = name.substr(static_cast<std::size_t>(end - name.data()) + 1);
  return run;
}

}  // namespace

std::string WorkNoteFiles::file_of(const RunId& run) const {
  return folder_ + "/" + std::to_string(run.number) + "." + run.repository;
}

void WorkNoteFiles::begin(const RunId& run, const std::string& what) {
  auto& works = open_[run];
  works.insert(what);
  if (works.size() > 1) return;
  if (std::ofstream(file_of(run)).is_open()) return;
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  std::ofstream(file_of(run)).close();
}

void WorkNoteFiles::end(const RunId& run, const std::string& what) {
  auto found = open_.find(run);
  if (found == open_.end() || found->second.erase(what) == 0 || !found->second.empty()) return;
  open_.erase(found);
  std::error_code ignored;
  fs::remove(file_of(run), ignored);
}

std::vector<RunId> WorkNoteFiles::left() {
  std::vector<RunId> runs;
  std::error_code ignored;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) files.push_back(entry.path());
  for (const auto& file : files) {
    auto run = run_of_file(file.filename().string());
    if (!run) continue;
    runs.push_back(std::move(*run));
    fs::remove(file, ignored);
  }
  return runs;
}

}  // namespace quietgate
