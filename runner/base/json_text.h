// Single values as JSON, appended to a text. Bytes that are not UTF-8 become U+FFFD; a number that is none, null.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace quietgate {

void add_json(std::string& out, std::string_view text);
void add_json(std::string& out, double number);
void add_json(std::string& out, bool value);
inline void add_json(std::string& out, const char* text) {
  add_json(out, std::string_view(text));
}
template <class T>
requires std::is_integral_v<T>
void add_json(std::string& out, T number) {
  out += std::to_string(number);
}

}  // namespace quietgate
