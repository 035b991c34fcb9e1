#include "runner/adapters/git/git_consolidation.h"

#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace quietgate {

namespace fs = std::filesystem;

namespace {

using PackbuilderHandle = std::unique_ptr<git_packbuilder, FreedBy<git_packbuilder_free>>;
constexpr const char* note_name = "quietgate-replaced";  // the new pack, then the packs that it replaces
constexpr int lowest_priority = 1;

struct Note {
  std::string made;
  std::vector<std::string> replaced;
};

bool there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Note read_note(const fs::path& folder) {
  Note note;
  std::ifstream file(folder / note_name);
  std::getline(file, note.made);
  for (std::string name; std::getline(file, name);) {
    if (name.starts_with("pack-") && name.find('/') == std::string::npos) note.replaced.push_back(name);
  }
  return note;
}

// Named only when complete, and synced by the next thing that is: a note that is lost costs nothing but time.
bool write_note(const fs::path& folder, const Note& note) {
  const auto path = folder / note_name;
  {
    std::ofstream file(path.string() + ".new", std::ios::trunc);
    file << note.made << "\n";
    for (const auto& name : note.replaced) file << name << "\n";
    if (!file.flush()) return false;
  }
  std::error_code failed;
  fs::rename(path.string() + ".new", path, failed);
  return !failed;
}

// The index first: a pack without one is looked at by nobody.
void remove_pack(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const char* suffix : {".idx", ".rev", ".bitmap", ".pack"}) fs::remove(folder / (name + suffix), ignored);
}

// What was replaced long enough ago goes. Answers the names of what still stays.
std::set<std::string> remove_replaced(const fs::path& folder, const ConsolidationLimits& limits) {
  const auto path = folder / note_name;
  const auto note = read_note(folder);
  if (note.replaced.empty() || !there(folder / (note.made + ".idx")) || !there(folder / (note.made + ".pack")))
    return {};
  std::error_code failed;
  const auto written = fs::last_write_time(path, failed);
  if (failed || fs::file_time_type::clock::now() - written < limits.keep)
    return {note.replaced.begin(), note.replaced.end()};
  for (const auto& name : note.replaced) {
    if (name != note.made) remove_pack(folder, name);  // whatever a damaged note says
  }
  fs::remove(path, failed);
  return {};
}

// Names of small packs; what a crash left half-removed is removed on the way.
std::vector<std::string> small_packs(const fs::path& folder, const std::set<std::string>& replaced,
                                     const ConsolidationLimits& limits) {
  std::vector<std::string> names;
  std::vector<fs::path> headless;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const auto& path = at->path();
    if (path.extension() != ".pack") continue;
    const auto name = path.stem().string();
    if (!there(folder / (name + ".idx"))) {
      headless.push_back(path);
      continue;
    }
    std::error_code unknown;
    const auto size = fs::file_size(path, unknown);
    if (!unknown && size <= limits.small && !replaced.contains(name)) names.push_back(name);
  }
  std::error_code ignored;
  for (const auto& path : headless) {
    // One that is being added has no index yet.
    const auto written = fs::last_write_time(path, ignored);
    if (!ignored && fs::file_time_type::clock::now() - written > std::chrono::hours(1)) fs::remove(path, ignored);
  }
  return names;
}

struct Work {
  const std::function<bool()>* stop = nullptr;
  git_packbuilder* builder = nullptr;
  bool stopped() const { return (*stop)(); }
};

int on_progress(int, std::uint32_t, std::uint32_t, void* payload) {
  return static_cast<const Work*>(payload)->stopped() ? GIT_EUSER : 0;
}

int on_object(const git_oid* id, void* payload) {
  const auto* work = static_cast<const Work*>(payload);
  return work->stopped() ? GIT_EUSER : git_packbuilder_insert(work->builder, id, nullptr);
}

int on_written(const git_indexer_progress*, void* payload) {
  return static_cast<const Work*>(payload)->stopped() ? GIT_EUSER : 0;
}

// One pack of all objects in these; answers its name, empty when that failed or was stopped.
std::string write_pack(const fs::path& folder, const std::vector<std::string>& packs,
                       const std::function<bool()>& stop) {
  OdbHandle objects;
  if (git_odb_new(receive(objects)) != 0) return {};
  for (const auto& name : packs) {
    git_odb_backend* backend = nullptr;
    if (git_odb_backend_one_pack(&backend, (folder / (name + ".idx")).c_str()) != 0) return {};
    if (git_odb_add_backend(objects.get(), backend, lowest_priority) != 0) return {};
  }
  RepositoryHandle around;
  if (git_repository_wrap_odb(receive(around), objects.get()) != 0) return {};
  PackbuilderHandle builder;
  if (git_packbuilder_new(receive(builder), around.get()) != 0) return {};
  git_packbuilder_set_threads(builder.get(), 1);
  Work work{&stop, builder.get()};
  git_packbuilder_set_callbacks(builder.get(), on_progress, &work);
  if (git_odb_foreach(objects.get(), on_object, &work) != 0) return {};
  if (git_packbuilder_write(builder.get(), folder.c_str(), 0444, on_written, &work) != 0) return {};
  return std::string("pack-") + git_packbuilder_name(builder.get());
}

}  // namespace

Consolidation consolidate(git_repository* mirror, const ConsolidationLimits& limits,
                          const std::function<bool()>& stop) {
  const fs::path folder = fs::path(git_repository_path(mirror)) / "objects" / "pack";
  const auto replaced = remove_replaced(folder, limits);
  auto packs = small_packs(folder, replaced, limits);
  if (packs.size() <= limits.packs) return Consolidation::not_needed;
  // Two notes would be one too many: what the earlier one names is counted again when it is gone.
  if (!replaced.empty()) return Consolidation::not_needed;
  const auto deadline = std::chrono::steady_clock::now() + limits.patience;
  bool late = false;
  const auto made = write_pack(folder, packs, [&] {
    late = late || stop() || std::chrono::steady_clock::now() > deadline;
    return late;
  });
  if (late) return Consolidation::given_up;
  if (made.empty() || !there(folder / (made + ".idx"))) return Consolidation::failed;
  std::erase(packs, made);  // written before, by who did not come to note it
  return write_note(folder, {made, packs}) ? Consolidation::done : Consolidation::failed;
}

}  // namespace quietgate
