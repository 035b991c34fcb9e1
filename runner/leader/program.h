// The leader's program, as the build made it: an ELF executable.
#pragma once

#include <string_view>

namespace quietgate {

std::string_view leader_program();

}  // namespace quietgate
