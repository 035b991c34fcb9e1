// Files below a folder, opened one name at a time: nothing leads out of it, whatever is swapped for a link meanwhile.
#pragma once

#include <sys/stat.h>

#include <string>

#include "runner/base/descriptor.h"

namespace quietgate {

// Why not, as errno; 0: it worked.
struct OpenedFile {
  Descriptor file;
  int problem = 0;
};

// The folder below which others are opened.
OpenedFile open_root(const std::string& path);
// The regular file at a relative path, for reading. Never follows a link (ELOOP), never waits for a FIFO or touches a
// device (EINVAL), never climbs out (EINVAL).
OpenedFile open_file_below(const Descriptor& root, const std::string& relative);
// A new, empty file for writing; folders on the way are made. EEXIST: something has the name.
OpenedFile make_file_below(const Descriptor& root, const std::string& relative, mode_t mode);
// Takes the name away, be it a file, a link (not what it leads to), or a FIFO. An errno, or 0; EISDIR: it is a folder.
int remove_file_below(const Descriptor& root, const std::string& relative);

}  // namespace quietgate
