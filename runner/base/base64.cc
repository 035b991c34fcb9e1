#include "runner/base/base64.h"

#include <cstdint>

namespace quietgate {

std::string to_base64(std::string_view bytes) {
  const auto size = bytes.size();
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text((size + 2) / 3 * 4, '=');
  char* out = text.data();
  auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t i = 0;
  for (; i + 2 < size; i += 3) {
    const auto word = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    *out++ = digits[word >> 18];
    *out++ = digits[word >> 12 & 63];
    *out++ = digits[word >> 6 & 63];
    *out++ = digits[word & 63];
  }
  if (i < size) {
    const auto word = at(i) << 16 | (i + 1 < size ? at(i + 1) << 8 : 0);
    *out++ = digits[word >> 18];
    *out++ = digits[word >> 12 & 63];
    if (i + 1 < size) *out++ = digits[word >> 6 & 63];
  }
  return text;
}

std::string from_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    if (c >= '0' && c <= '9') value = c - '0' + 52;
    if (c == '+') value = 62;
    if (c == '/') value = 63;
    if (value < 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xff);
  }
  return out;
}

}  // namespace quietgate
