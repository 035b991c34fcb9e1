#include "runner/adapters/git/git_known_hosts.h"

#include <libssh2.h>

#include <cstdlib>
#include <memory>

namespace quietgate {

namespace {

int type_mask(const std::string& type) {
  if (type == "ssh-ed25519") return LIBSSH2_KNOWNHOST_KEY_ED25519;
  if (type == "ecdsa-sha2-nistp256") return LIBSSH2_KNOWNHOST_KEY_ECDSA_256;
  if (type == "ecdsa-sha2-nistp384") return LIBSSH2_KNOWNHOST_KEY_ECDSA_384;
  if (type == "ecdsa-sha2-nistp521") return LIBSSH2_KNOWNHOST_KEY_ECDSA_521;
  if (type == "ssh-rsa") return LIBSSH2_KNOWNHOST_KEY_SSHRSA;
  if (type == "ssh-dss") return LIBSSH2_KNOWNHOST_KEY_SSHDSS;
  return 0;  // compared with keys of every type
}

}  // namespace

std::string host_key_type(std::string_view key) {
  // A big-endian length, then the name.
  if (key.size() < 4 || key[0] != 0 || key[1] != 0 || key[2] != 0) return {};
  return std::string(key.substr(4, static_cast<unsigned char>(key[3])));
}

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
  const int type = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW | type_mask(host_key_type(key));
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
