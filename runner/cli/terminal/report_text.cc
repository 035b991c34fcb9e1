#include "runner/cli/terminal/report_text.h"

#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

std::string report_title(const Terminal& terminal, const std::string& text) {
  return "\n" + inked(terminal, Ink::bold, text) + "\n";
}

std::string report_sentence(const Terminal& terminal, const std::string& text, int indent) {
  return terminal.live ? wrapped(text, terminal.width - 1, indent) : text;
}

}  // namespace quietgate
