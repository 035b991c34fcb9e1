#pragma once

#include <string>

#include "runner/cli/terminal/terminal.h"

namespace quietgate {

// A heading with an empty line above it.
std::string report_title(const Terminal& terminal, const std::string& text);
// Wrapped at the terminal's width, all lines but the first indented; a file or a pipe gets one line.
std::string report_sentence(const Terminal& terminal, const std::string& text, int indent);

}  // namespace quietgate
