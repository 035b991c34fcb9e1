// Files below a run's folders, where a step may have put something else in the place of any of them: a pipe that nobody
// writes to, a device, a link to another file. Only a plain file is opened, and nobody waits for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runner/base/result.h"

#include "runner/base/descriptor.h"

namespace quietgate {

// As ::open with these flags, closed on exec, but a link is not followed, and what is no plain file is not opened.
// To write, a file that has a second name elsewhere is not opened either. -1: `open_plain_problem()`.
int open_plain(const std::string& path, int flags, unsigned mode = 0644);
// By errno, after open_plain.
std::string open_plain_problem();

// So many bytes from there on; fewer where there are no more, or there is no plain file.
std::string read_plain(const std::string& path, std::uint64_t from, std::size_t most);
std::string read_plain(const Descriptor& file, std::uint64_t from, std::size_t most);
// The last bytes of the file, at most so many; empty where there is no plain file.
std::string read_plain_end(const std::string& path, std::size_t most);
// Adds to the file, or makes it. False: not all could be written, or it is no plain file.
bool append_plain(const std::string& path, const std::string& text);
// Puts a whole file in place of the one there was, if any: readers see the old or the new one, never a part.
Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace quietgate
