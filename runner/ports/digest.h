// SHA-256, as plans, rules and evidence name things.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

std::string sha256_hex(std::string_view bytes);  // 64 lower-case digits

}  // namespace quietgate
