#include "runner/cli/terminal/outcome_mark.h"

namespace quietgate {

Ink ink_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return Ink::green;
    case Outcome::failed:
    case Outcome::error:
      return Ink::red;
    case Outcome::inconclusive:
    case Outcome::cancelled:
      return Ink::yellow;
    case Outcome::skipped:
      return Ink::dim;
  }
  return Ink::plain;
}

std::string mark(const Terminal& terminal, Outcome outcome) {
  const char* sign = "-";
  switch (outcome) {
    case Outcome::passed:
      sign = terminal.unicode ? "✓" : "+";
      break;
    case Outcome::failed:
      sign = terminal.unicode ? "✗" : "x";
      break;
    case Outcome::error:
      sign = terminal.unicode ? "✗" : "!";
      break;
    case Outcome::inconclusive:
      sign = "?";
      break;
    case Outcome::cancelled:
      sign = terminal.unicode ? "■" : "c";
      break;
    case Outcome::skipped:
      break;
  }
  return inked(terminal, ink_of(outcome), sign);
}

}  // namespace quietgate
