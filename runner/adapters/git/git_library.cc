#include "runner/adapters/git/git_library.h"

#include <git2.h>
#include <libssh2.h>

#include <mutex>

#include "runner/adapters/git/git_stream.h"

namespace quietgate {

namespace {

constexpr std::size_t window_size = 16UL << 20;
constexpr std::size_t mapped_limit = 64UL << 20;
constexpr int ssh_users = 2;  // libgit2 and we: libssh2 counts who began it

void begin(const std::string& folder) {
  // Whoever begins it first decides: with its cryptography left out, libgit2's own call only counts.
  libssh2_init(LIBSSH2_INIT_NO_CRYPTO);
  git_libgit2_init();
  register_bounded_streams();
  // The system's authorities, which it has read by itself, are not used: GitTrust names those that a server needs.
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

void begin_ssh() {
  static std::once_flag begun;
  std::call_once(begun, [] {
    for (int user = 0; user < ssh_users; ++user) libssh2_exit();
    for (int user = 0; user < ssh_users; ++user) libssh2_init(0);
  });
}

}  // namespace quietgate
