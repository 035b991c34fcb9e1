// Is an ssh server the one that the known_hosts file knows?
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

enum class HostKeyVerdict { known, unknown, different, unreadable };

// `key`: the raw host key that the server showed. OpenSSH's format, hashed names and ports included.
// `unknown`: the file has no key of this type for the host (a server has one key of each type and shows one of them).
// `unreadable`: there is no such file, or it can't be parsed.
HostKeyVerdict check_host_key(const std::string& known_hosts_file, const std::string& host, int port,
                              std::string_view key);

// `ssh-ed25519`, `ecdsa-sha2-nistp256`, ...: what the raw key says that it is; empty when it says nothing.
std::string host_key_type(std::string_view key);

// `~/.ssh/known_hosts`; empty without a home.
std::string default_known_hosts();

}  // namespace quietgate
