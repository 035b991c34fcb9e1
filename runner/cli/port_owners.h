// Who listens on a port of this machine.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace quietgate {

// The users that have a TCP socket listening on this port, whatever its address, as /proc/net tells (Linux,
// Documentation/networking/proc_net_tcp). Empty when none does, or that can't be read.
std::set<uid_t> port_owners(std::uint16_t port);

// The same of a table's text; its first line is a heading.
std::set<uid_t> port_owners_in(std::string_view table, std::uint16_t port);

// The port of `http://HOST:PORT` when HOST is this machine's loopback; 0: it is another machine's, or no such address.
std::uint16_t loopback_port(const std::string& server);

}  // namespace quietgate
