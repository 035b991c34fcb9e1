// Programs by name, as execvp finds them.
#pragma once

#include <string>

namespace quietgate {

// The absolute path of an executable file of that name in one of the folders of `path` (`a:b:c`); empty: there is none.
// Folders that are not absolute are passed over.
std::string find_on_path(const std::string& name, const std::string& path);

}  // namespace quietgate
