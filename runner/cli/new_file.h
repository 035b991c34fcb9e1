// A file that a verb makes for its user.
#pragma once

#include <optional>
#include <string>

#include "runner/base/result.h"

namespace quietgate {

// Writes the file, whole and synced, where there is none; nothing on success. Fails with kind user when there is
// something of that name, also a link, or it can't be written: no part of it is left then.
std::optional<Error> write_new_file(const std::string& path, const std::string& text);

}  // namespace quietgate
