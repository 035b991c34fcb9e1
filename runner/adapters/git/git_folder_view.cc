#include "runner/adapters/git/git_folder_view.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "runner/adapters/git/git_handles.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_ref = 1023;    // that libgit2 takes
constexpr std::size_t longest_path = 3'500;  // of a folder that is looked into
constexpr std::size_t most_refs = 200'000;
constexpr std::size_t id_size = 40;
constexpr std::string_view symbolic = "ref: ";
constexpr int most_steps = 5;  // from a symbolic ref to the next

using Refs = std::map<std::string, std::string>;  // name, and what its file says

void read_packed(const fs::path& file, Refs& refs) {
  std::ifstream packed(file);
  std::string line;
  while (refs.size() < most_refs && std::getline(packed, line)) {
    if (line.size() > id_size + 1 && line[0] != '#' && line[0] != '^')
      refs[line.substr(id_size + 1)] = line.substr(0, id_size);
  }
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line(longest_ref + symbolic.size(), '\0');
  in.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(in.gcount()));
  return line.substr(0, line.find_last_not_of(" \r\n\t") + 1);
}

void read_loose(const fs::path& folder, const std::string& prefix, Refs& refs) {
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; at != end && refs.size() < most_refs; at.increment(ignored)) {
    const auto name = prefix + at->path().filename().string();
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) {
      if (at->path().native().size() < longest_path) read_loose(at->path(), name + "/", refs);
    } else if (at->is_regular_file(ignored) && !name.ends_with(".lock")) {
      refs[name] = first_line(at->path());
    }
  }
}

std::string problem_of_name(const std::string& name) {
  if (name.size() > longest_ref) return "its name has " + std::to_string(name.size()) + " bytes";
  int valid = 0;
  if (git_reference_name_is_valid(&valid, name.c_str()) != 0 || !valid) return "its name is not a valid one";
  return {};
}

// The id that the ref is at, or why there is none.
std::optional<git_oid> resolve(const Refs& refs, const std::string& name, git_odb* objects, std::string& problem) {
  auto at = refs.find(name);
  for (int step = 0; step < most_steps && at->second.starts_with(symbolic); ++step) {
    const auto to = at->second.substr(symbolic.size());
    at = refs.find(to);
    if (at == refs.end()) {
      problem = "it points to " + printable(to, 200) + ", which is not there";
      return std::nullopt;
    }
  }
  git_oid id;
  if (!parse_id(at->second.substr(0, id_size), id)) {
    problem = "its file names no commit";
  } else if (!git_odb_exists(objects, &id)) {
    problem = "its commit " + to_hex(id).substr(0, 7) + " is not in the repository";
  } else {
    return id;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<GitFolderView> GitFolderView::of(const std::string& folder) {
  RepositoryHandle repository;
  OdbHandle objects;
  if (git_repository_open(receive(repository), folder.c_str()) != 0) return nullptr;
  if (git_repository_odb(receive(objects), repository.get()) != 0) return nullptr;
  const fs::path common = git_repository_commondir(repository.get());
  std::error_code failed;
  auto place = (fs::temp_directory_path(failed) / "quietgate-view-XXXXXX").string();
  if (failed || ::mkdtemp(place.data()) == nullptr) return nullptr;
  std::unique_ptr<GitFolderView> view(new GitFolderView(place));
  RepositoryHandle made;
  if (git_repository_init(receive(made), place.c_str(), 1) != 0) return nullptr;
  Refs refs;
  read_packed(common / "packed-refs", refs);
  read_loose(common / "refs", "refs/", refs);
  std::ofstream(fs::path(place) / "objects/info/alternates") << (common / "objects").native() << "\n";
  std::ofstream packed(fs::path(place) / "packed-refs");
  for (const auto& [name, text] : refs) {
    auto problem = problem_of_name(name);
    std::optional<git_oid> id;
    if (problem.empty()) id = resolve(refs, name, objects.get(), problem);
    if (id) packed << to_hex(*id) << " " << name << "\n";
    if (!id) view->left_out_.push_back({name, problem});
  }
  packed.close();
  return packed ? std::move(view) : nullptr;
}

GitFolderView::~GitFolderView() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace quietgate
