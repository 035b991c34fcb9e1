#include "runner/adapters/git/git_library.h"

#include <git2.h>

#include <mutex>

#include "runner/adapters/git/git_stream.h"
#include "runner/adapters/git/late_libraries.h"

namespace quietgate {

namespace {

constexpr std::size_t window_size = 16UL << 20;
constexpr std::size_t mapped_limit = 64UL << 20;

void begin(const std::string& folder) {
  begin_libgit2();
  register_bounded_streams();
  // Where it has read the system's authorities by itself, they are not used: GitTrust names those that a server needs.
  git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, nullptr, folder.c_str());
  git_error_clear();
  // What a mirror says must not depend on whose home the runner has. Owner checks guard programs that run hooks and
  // filters out of a repository's configuration; libgit2 runs none.
  for (int level :
       {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA}) {
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  // Packs are read through windows; without bounds a large pack is in memory whole.
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, window_size);
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, mapped_limit);
}

}  // namespace

void begin_git(const std::string& folder) {
  static std::once_flag begun;
  std::call_once(begun, begin, folder);
}

}  // namespace quietgate
