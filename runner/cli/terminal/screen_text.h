// Text as a terminal shows it: made harmless, measured in columns, cut, padded and wrapped. Pure.
#pragma once

#include <string>
#include <string_view>

#include "runner/base/text.h"
#include "runner/cli/terminal/terminal.h"
#include "runner/model/types.h"

namespace quietgate {

// printable() of each line; the result ends with a line break unless it is empty.
std::string printable_lines(std::string_view text);

// The width of UTF-8 text in columns: wide characters take two, escape sequences none.
int columns_of(std::string_view text);
// Cut to at most `columns`, with an ellipsis if something was cut. Escape sequences stay complete.
std::string fitted(const Terminal& terminal, std::string_view text, int columns);
std::string padded(std::string_view text, int columns);
// Broken between words into lines of at most `columns`, all but the first begun by `indent` spaces.
std::string wrapped(std::string_view text, int columns, int indent);

std::string ago(Time then, Time now);  // `3m ago`, `just now`

}  // namespace quietgate
