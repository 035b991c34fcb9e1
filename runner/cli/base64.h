#pragma once

#include <string>
#include <string_view>

namespace quietgate {

// The bytes that base64 text stands for; characters that are no base64 are left out.
std::string from_base64(std::string_view text);

}  // namespace quietgate
