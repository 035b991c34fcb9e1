// What a call to a remote that failed is told as: whose fault it is, and what to do. No text holds a password.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runner/adapters/git/git_network.h"
#include "runner/adapters/git/git_url.h"
#include "runner/ports/git.h"

namespace quietgate {

// Why the bound broke; nothing: it didn't. `max_bytes`: what the call was allowed.
std::optional<Error> bound_error(const NetworkBound& bound, const GitRemote& remote, const GitUrl& url,
                                 std::uint64_t max_bytes);

// What libgit2 said last on this thread, when its call failed with `code`; `doing`: `fetch from`, `push to`.
Error protocol_error(const std::string& doing, int code, const GitRemote& remote, const GitUrl& url);

}  // namespace quietgate
