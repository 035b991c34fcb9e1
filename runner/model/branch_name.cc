#include "runner/model/branch_name.h"

#include <algorithm>

namespace quietgate {

namespace {

constexpr std::size_t longest_name = 255;

std::string character_problem(char c) {
  if (c == ' ') return "it holds a space";
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "it holds a control character";
  if (std::string_view("~^:?*[\\").find(c) != std::string_view::npos) return std::string("it holds `") + c + "`";
  return {};
}

std::string part_problem(std::string_view part) {
  if (part.empty()) return "a part between two `/` is empty";
  if (part.front() == '.') return "a part begins with `.`";
  if (part.ends_with(".lock")) return "a part ends with `.lock`";
  return {};
}

}  // namespace

std::string branch_name_problem(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > longest_name) return "it has more than 255 bytes";
  if (name == "@") return "`@` alone means HEAD";
  for (const char c : name) {
    if (auto problem = character_problem(c); !problem.empty()) return problem;
  }
  for (const auto* text : {"..", "@{"}) {
    if (name.find(text) != std::string_view::npos) return std::string("it holds `") + text + "`";
  }
  for (const char c : {'-', '/'}) {
    if (name.front() == c) return std::string("it begins with `") + c + "`";
  }
  for (const char c : {'/', '.'}) {
    if (name.back() == c) return std::string("it ends with `") + c + "`";
  }
  for (std::size_t from = 0; from <= name.size();) {
    const auto end = std::min(name.find('/', from), name.size());
    if (auto problem = part_problem(name.substr(from, end - from)); !problem.empty()) return problem;
    from = end + 1;
  }
  return {};
}

}  // namespace quietgate
