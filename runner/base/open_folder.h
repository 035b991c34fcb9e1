// How a folder is opened, below another without being led elsewhere.
#pragma once

#include <string>

#include "runner/base/descriptor.h"

namespace quietgate {

// The folder `name` directly below `parent`. Not opened, with errno: ELOOP or ENOTDIR for a link or a file, EXDEV for
// one on which something is mounted (a bind mount of the same device too).
Descriptor open_folder_below(int parent, const char* name);
// A folder by its path; its last part is no link.
Descriptor open_folder(const std::string& path);

}  // namespace quietgate
