#include "runner/cli/terminal/log_filter.h"

#include "runner/base/text.h"

namespace quietgate {

namespace {

constexpr std::size_t longest_sequence = 64;

}  // namespace

void LogFilter::replace(std::string& out) {
  out += unicode_ ? "\xEF\xBF\xBD" : "?";
  character_.clear();
}

void LogFilter::take_text(unsigned char byte, std::string& out) {
  if (!character_.empty() && begins_character(static_cast<char>(byte))) replace(out);
  if (character_.empty() && byte < 0x80) {
    const bool moves_on = byte == '\n' || byte == '\t' || byte == '\r';
    if (moves_on || is_printable(byte)) out += static_cast<char>(byte);
    return;
  }
  character_ += static_cast<char>(byte);
  if (character_.size() < character_length(character_.front())) return;
  const auto character = first_character(character_);
  if (!character.valid) return replace(out);
  if (is_printable(character.code)) out += character_;
  character_.clear();
}

// Inside `ESC [ ...`.
void LogFilter::take_control(unsigned char byte, std::string& out) {
  if (byte >= 0x40 && byte <= 0x7E) {
    const bool inks = byte == 'm' && sequence_.find_first_not_of("0123456789;:") == std::string::npos;
    if (inks && colour_) {
      out += "\x1b[" + sequence_ + "m";
      inked_ = true;
    }
    in_ = In::text;
    return;
  }
  sequence_ += static_cast<char>(byte);
  if (sequence_.size() > longest_sequence) in_ = In::text;
}

void LogFilter::take(unsigned char byte, std::string& out) {
  // Whatever is left open ends with its line: it must not swallow the rest of the log.
  if (byte == '\n') in_ = In::text;
  if (byte == 0x1B && in_ != In::string) {
    if (!character_.empty()) replace(out);
    in_ = In::escape;
    return;
  }
  switch (in_) {
    case In::text:
      return take_text(byte, out);
    case In::control:
      return take_control(byte, out);
    case In::escape:
      sequence_.clear();
      if (byte == '[') {
        in_ = In::control;
      } else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        in_ = In::string;
      } else if (byte < 0x20 || byte > 0x2F) {
        in_ = In::text;
      }
      return;
    case In::string:
      if (byte == '\a') in_ = In::text;
      if (byte == 0x1B) in_ = In::string_escape;
      return;
    case In::string_escape:
      in_ = byte == '\\' ? In::text : In::string;
      return;
  }
}

std::string LogFilter::pass(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (char byte : bytes) take(static_cast<unsigned char>(byte), out);
  return out;
}

std::string LogFilter::end() {
  std::string out;
  if (!character_.empty()) replace(out);
  if (inked_) out += "\x1b[0m";
  inked_ = false;
  in_ = In::text;
  return out;
}

}  // namespace quietgate
