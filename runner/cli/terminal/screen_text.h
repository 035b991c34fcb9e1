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

// Columns that UTF-8 text takes, wide characters two; escape sequences take none.
int columns_of(std::string_view text);
// Cut to at most so many columns, with an ellipsis when something was cut. Escape sequences are kept whole.
std::string fitted(const Terminal& terminal, std::string_view text, int columns);
std::string padded(std::string_view text, int columns);
// Broken between words into lines of at most `columns`, all but the first begun by `indent` spaces.
std::string wrapped(std::string_view text, int columns, int indent);

std::string ago(Time then, Time now);  // `3m ago`, `just now`

}  // namespace quietgate
