// Makes a log safe for a terminal: the output of a step cannot move the cursor, change the window's title, send input,
// or change the writing direction. Colours stay.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

class LogFilter {
 public:
  // `colour`: keep escape sequences that only set colours. `unicode`: invalid UTF-8 becomes U+FFFD, else `?`.
  LogFilter(bool colour, bool unicode) : colour_(colour), unicode_(unicode) {}
  // The printable form of these bytes, which continue the previous ones: characters and sequences may be split between
  // calls. Holds back less than 100 bytes.
  std::string pass(std::string_view bytes);
  // The rest at the end, and a reset of the colours.
  std::string end();

 private:
  enum class In { text, escape, control, string, string_escape };
  void take(unsigned char byte, std::string& out);
  void take_text(unsigned char byte, std::string& out);
  void take_control(unsigned char byte, std::string& out);
  void replace(std::string& out);

  bool colour_;
  bool unicode_;
  bool inked_ = false;
  In in_ = In::text;
  std::string character_;  // its bytes so far
  std::string sequence_;   // a control sequence's, so far
};

}  // namespace quietgate
