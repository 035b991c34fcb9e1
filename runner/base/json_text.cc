#include "runner/base/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace quietgate {

namespace {

std::string dumped(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool plain(char byte) {
  return byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
}

}  // namespace

void add_json(std::string& out, std::string_view text) {
  if (std::all_of(text.begin(), text.end(), plain)) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += dumped(std::string(text));
  }
}

void add_json(std::string& out, double number) {
  out += dumped(number);
}

void add_json(std::string& out, bool value) {
  out += value ? "true" : "false";
}

}  // namespace quietgate
