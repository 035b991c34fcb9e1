#include "runner/base/text.h"

#include <utf8proc.h>

#include <algorithm>

namespace quietgate {

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1, true};
  utf8proc_int32_t code = 0;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &code);
  if (bytes < 1) return {0xFFFD, 1, false};
  return {static_cast<char32_t>(code), static_cast<std::size_t>(bytes), true};
}

std::size_t escape_length(std::string_view text) {
  if (text.size() < 2 || text[0] != '\x1b') return 0;
  if (text[1] == '[') {
    std::size_t i = 2;
    while (i < text.size() && (text[i] < 0x40 || text[i] > 0x7e)) ++i;
    return std::min(i + 1, text.size());
  }
  if (text[1] == ']') {  // up to BEL or ESC backslash
    std::size_t i = 2;
    while (i < text.size() && text[i] != '\a' && text[i] != '\x1b') ++i;
    if (i < text.size() && text[i] == '\x1b') ++i;
    return std::min(i + 1, text.size());
  }
  return 2;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character.valid) return false;
    text.remove_prefix(character.bytes);
  }
  return true;
}

std::size_t character_length(char lead) {
  return static_cast<std::size_t>(std::max<utf8proc_int8_t>(1, utf8proc_utf8class[static_cast<unsigned char>(lead)]));
}

std::string_view cut_to_bytes(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && !begins_character(text[limit])) --limit;
  return text.substr(0, limit);
}

bool is_printable(char32_t code) {
  if (code < 0x7F) return code >= 0x20;
  // The marks of direction that are invisible letters to the library, and the frames of annotations.
  if (code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0xFFF9 && code <= 0xFFFB)) return false;
  const auto* about = utf8proc_get_property(static_cast<utf8proc_int32_t>(code));
  switch (about->category) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      break;
  }
  switch (about->bidi_class) {
    case UTF8PROC_BIDI_CLASS_LRE:
    case UTF8PROC_BIDI_CLASS_LRO:
    case UTF8PROC_BIDI_CLASS_RLE:
    case UTF8PROC_BIDI_CLASS_RLO:
    case UTF8PROC_BIDI_CLASS_PDF:
    case UTF8PROC_BIDI_CLASS_LRI:
    case UTF8PROC_BIDI_CLASS_RLI:
    case UTF8PROC_BIDI_CLASS_FSI:
    case UTF8PROC_BIDI_CLASS_PDI:
      return false;
    default:
      return true;
  }
}

int columns_of(char32_t code) {
  return code >= 0x20 && code < 0x7F ? 1 : utf8proc_charwidth(static_cast<utf8proc_int32_t>(code));
}

std::vector<std::string> last_lines(std::string_view text, std::size_t count) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < count) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
    if (text.empty()) break;
    auto begin = text.rfind('\n');
    begin = begin == std::string_view::npos ? 0 : begin + 1;
    lines.emplace_back(text.substr(begin));
    text = text.substr(0, begin);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (const auto length = escape_length(text); length > 0) {
      text.remove_prefix(length);
      continue;
    }
    const auto character = first_character(text);
    if (text.front() == '\t') {
      out += ' ';
    } else if (!character.valid) {
      out += '?';
    } else if (is_printable(character.code)) {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

}  // namespace quietgate
