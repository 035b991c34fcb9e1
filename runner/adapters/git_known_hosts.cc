#include "runner/adapters/git_known_hosts.h"

#include <libssh2.h>

#include <cstdlib>
#include <memory>

namespace quietgate {

HostKeyVerdict check_host_key(const std::string& known_hosts_file, const std::string& host, int port,
                              std::string_view key) {
  struct Free {
    void operator()(LIBSSH2_SESSION* session) const { libssh2_session_free(session); }
    void operator()(LIBSSH2_KNOWNHOSTS* hosts) const { libssh2_knownhost_free(hosts); }
  };
  // Never connected: libssh2 allocates from it.
  std::unique_ptr<LIBSSH2_SESSION, Free> session(libssh2_session_init());
  if (!session) return HostKeyVerdict::unreadable;
  std::unique_ptr<LIBSSH2_KNOWNHOSTS, Free> hosts(libssh2_knownhost_init(session.get()));
  if (!hosts || libssh2_knownhost_readfile(hosts.get(), known_hosts_file.c_str(), LIBSSH2_KNOWNHOST_FILE_OPENSSH) < 0) {
    return HostKeyVerdict::unreadable;
  }
  constexpr int type = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW;
  switch (libssh2_knownhost_checkp(hosts.get(), host.c_str(), port, key.data(), key.size(), type, nullptr)) {
    case LIBSSH2_KNOWNHOST_CHECK_MATCH:
      return HostKeyVerdict::known;
    case LIBSSH2_KNOWNHOST_CHECK_MISMATCH:
      return HostKeyVerdict::different;
    case LIBSSH2_KNOWNHOST_CHECK_NOTFOUND:
      return HostKeyVerdict::unknown;
    default:
      return HostKeyVerdict::unreadable;
  }
}

std::string default_known_hosts() {
  const char* home = std::getenv("HOME");
  return home && *home ? std::string(home) + "/.ssh/known_hosts" : std::string();
}

}  // namespace quietgate
