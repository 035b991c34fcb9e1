// A log as a terminal may be given it: what a step printed must neither move the cursor, retitle the window, answer for
// the person, nor turn the direction of writing. Colours stay.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

class LogFilter {
 public:
  // `colour`: escape sequences that only set colours are kept. `unicode`: what is no UTF-8 becomes U+FFFD, else `?`.
  LogFilter(bool colour, bool unicode) : colour_(colour), unicode_(unicode) {}
  // What can be shown of these bytes, which go on where the last ones ended: characters and sequences may be cut. Holds
  // back less than 100 bytes.
  std::string pass(std::string_view bytes);
  // What is left at the end, and the terminal's own colours again.
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
