// Folders that are named by what they are for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

// The names of the folders in this one, in no order; links are none. Empty when it can't be read.
std::vector<std::string> folders_in(const std::string& path);

// The number that the whole name is; 0: it is none.
std::int64_t number_of(std::string_view name);

}  // namespace quietgate
