#include "runner/adapters/git/git_handles.h"

#include "runner/base/text.h"

namespace quietgate {

std::string to_hex(const git_oid& id) {
  char text[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(text, sizeof text, &id);
}

bool parse_id(const std::string& text, git_oid& id) {
  return text.size() == GIT_OID_HEXSZ && git_oid_fromstr(&id, text.c_str()) == 0;
}

std::string printable(std::string_view bytes, std::size_t limit, bool lines) {
  std::string text;
  while (!bytes.empty()) {
    if (text.size() >= limit) return text + "...";
    const auto character = first_character(bytes);
    if (!character.valid) {
      text += "\xEF\xBF\xBD";
    } else if (character.code < 0x20 || character.code == 0x7F) {
      text += lines && character.code == '\n' ? '\n' : ' ';
    } else {
      text += bytes.substr(0, character.bytes);
    }
    bytes.remove_prefix(character.bytes);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  return text;
}

std::string last_git_error() {
  const auto* error = git_error_last();
  return error && error->message ? printable(error->message, 300) : std::string();
}

}  // namespace quietgate
