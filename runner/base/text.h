// Characters of UTF-8 text, as terminals take them. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

struct Character {
  char32_t code = 0;  // U+FFFD when not valid
  std::size_t bytes = 1;
  bool valid = false;  // else one byte that begins no UTF-8 character
};

// The first character of text that is not empty. Overlong forms and surrogates are not valid.
Character first_character(std::string_view text);

bool is_utf8(std::string_view text);

// How many bytes a character has that begins with this one: 1 to 4; 1 also for what begins none.
std::size_t character_length(char lead);

// Whether this byte begins a character, and is none of its later bytes.
constexpr bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

// The text's first bytes, at most `limit`, without a character that the limit would cut.
std::string_view cut_to_bytes(std::string_view text, std::size_t limit);

// At most `count` last lines of a text, without trailing blanks; empty ones at its end are left out.
std::vector<std::string> last_lines(std::string_view text, std::size_t count);

// Whether a terminal shows it and nothing else happens: no control character of either half, nothing that turns the
// direction of the text around it.
bool is_printable(char32_t code);

// The length of the escape sequence at the start of the text, or 0.
std::size_t escape_length(std::string_view text);

// Foreign text made harmless: no escape sequences, no control characters, nothing that turns the direction of writing;
// a tab is a space, a byte that is no UTF-8 is a `?`.
std::string printable(std::string_view text);

// How many columns it takes: 0 for what joins the character before it, 2 for East Asian wide ones and emoji.
int columns_of(char32_t code);

}  // namespace quietgate
