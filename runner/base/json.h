// JSON texts read and written, compiled once: nlohmann's reader and writer cost each source that calls them two
// seconds.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace quietgate {

// What the text says; `is_discarded()` (and so no object, array or other value) when it is not JSON.
nlohmann::json parse_json(std::string_view text);
// On one line, or indented by so many spaces a level. Bytes that are not UTF-8 become U+FFFD.
std::string json_text(const nlohmann::json& json, int indent = -1);
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

}  // namespace quietgate
