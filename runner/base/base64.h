// Base64 (RFC 4648), with padding.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

std::string to_base64(std::string_view bytes);
// The bytes that base64 text stands for; characters outside the alphabet are left out.
std::string from_base64(std::string_view text);

}  // namespace quietgate
