// Characters of UTF-8 text, as terminals take them. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace quietgate {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;  // else one byte that begins no UTF-8 character
};

// The first character of text that is not empty. Overlong forms and surrogates are not valid.
Character first_character(std::string_view text);

// Whether a terminal shows it and nothing else happens: no control character of either half, nothing that turns the
// direction of the text around it.
bool is_harmless(char32_t code);

// How many columns it takes: 0 for what joins the character before it, 2 for East Asian wide ones and emoji.
int columns_of(char32_t code);

}  // namespace quietgate
