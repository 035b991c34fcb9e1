#include "runner/adapters/git/git_head.h"

#include <git2.h>

#include <filesystem>
#include <memory>

#include "runner/adapters/git/late_libraries.h"

namespace quietgate {

namespace {

struct Library {
  Library() { begin_libgit2(); }
  ~Library() { git_libgit2_shutdown(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

bool is_modified(git_repository* repository) {
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  git_status_list* raw = nullptr;
  if (git_status_list_new(&raw, repository, &options) != 0) return false;
  const bool modified = git_status_list_entrycount(raw) > 0;
  git_status_list_free(raw);
  return modified;
}

using Opened = std::unique_ptr<git_repository, decltype(&git_repository_free)>;

Result<Opened> open_around(const std::string& directory) {
  git_repository* raw = nullptr;
  if (git_repository_open_ext(&raw, directory.c_str(), 0, nullptr) != 0) {
    return user_error("there is no Git repository at " + directory + " or above it",
                      "name one: quietgate run DIRECTORY");
  }
  return Opened(raw, git_repository_free);
}

std::string path_of(git_repository* repository) {
  const bool bare = git_repository_is_bare(repository) != 0;
  const std::filesystem::path path = bare ? git_repository_path(repository) : git_repository_workdir(repository);
  return path.lexically_normal().parent_path();
}

}  // namespace

Result<std::string> repository_around(const std::string& directory) {
  Library library;
  auto repository = open_around(directory);
  if (!repository) return repository.error();
  return path_of(repository->get());
}

Result<std::string> checked_out_branch(const std::string& directory) {
  Library library;
  auto repository = open_around(directory);
  if (!repository) return repository.error();
  git_reference* raw = nullptr;
  if (git_reference_lookup(&raw, repository->get(), "HEAD") != 0) return std::string();
  std::unique_ptr<git_reference, decltype(&git_reference_free)> head(raw, git_reference_free);
  const char* target = git_reference_symbolic_target(head.get());
  const std::string name = target == nullptr ? "" : target;
  constexpr std::string_view branches = "refs/heads/";
  return name.starts_with(branches) ? name.substr(branches.size()) : std::string();
}

Result<GitHead> git_head(const std::string& directory) {
  Library library;
  auto opened = open_around(directory);
  if (!opened) return opened.error();
  const auto& repository = *opened;
  git_reference* raw_head = nullptr;
  const int code = git_repository_head(&raw_head, repository.get());
  if (code != 0) {
    return user_error("the repository at " + directory + " has no commit yet",
                      "commit something: quietgate runs commits");
  }
  std::unique_ptr<git_reference, decltype(&git_reference_free)> head(raw_head, git_reference_free);
  if (git_reference_is_branch(head.get()) == 0) {
    return user_error("HEAD of " + directory + " is on no branch", "check out a branch: git switch NAME");
  }
  GitHead found;
  found.path = path_of(repository.get());
  found.branch = git_reference_shorthand(head.get());
  const git_oid* id = git_reference_target(head.get());
  char text[GIT_OID_HEXSZ + 1];
  found.commit = git_oid_tostr(text, sizeof text, id);
  found.modified = git_repository_is_bare(repository.get()) == 0 && is_modified(repository.get());
  return found;
}

}  // namespace quietgate
