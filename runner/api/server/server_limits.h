// Limits of the HTTP server, for all clients together and for each (docs/limits.md).
#pragma once

#include <cstddef>

#include "runner/api/server/wire.h"
#include "runner/model/types.h"

namespace quietgate {

inline constexpr std::size_t most_buffered =
    2 * header_limit;                                          // bytes that a client has sent and that are not read yet
inline constexpr std::size_t most_bodies = 16 * 1024 * 1024;   // of all requests together
inline constexpr std::size_t most_sending = 64 * 1024 * 1024;  // of all large answers together
inline constexpr std::size_t small_answer = 16 * 1024;
inline constexpr std::size_t most_drained = 4 * 1024 * 1024;
inline constexpr std::size_t least_waiting = 4;  // of one address
inline constexpr std::size_t file_piece = 64 * 1024;
inline constexpr unsigned stall_limit_ms = 300'000;
inline constexpr Milliseconds without_descriptors{100};

}  // namespace quietgate
