#pragma once

#include <string>
#include <string_view>

namespace quietgate {

// Decodes base64; other characters are skipped.
std::string from_base64(std::string_view text);

}  // namespace quietgate
