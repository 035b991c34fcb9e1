#include "runner/api/exchange.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "runner/base/json.h"

namespace quietgate {

namespace {

std::optional<int> hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// `plus`: it stands for a space, as in a query.
std::optional<std::string> decode(std::string_view text, bool plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      auto high = hex(text[i + 1]);
      auto low = hex(text[i + 2]);
      if (!high || !low) return std::nullopt;
      out += static_cast<char>(*high * 16 + *low);
      i += 2;
    }
  }
  return out;
}

bool is_part(const std::string& text) {
  if (text.empty() || text == "." || text == "..") return false;
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/'; });
}

bool is_loopback_v4(std::string_view text) {
  if (text.rfind("127.", 0) != 0) return false;
  int dots = 0;
  int digits = 0;
  int value = 0;
  for (char c : text) {
    if (c == '.') {
      if (digits == 0) return false;
      ++dots;
      digits = 0;
      value = 0;
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      value = value * 10 + (c - '0');
      if (++digits > 3 || value > 255) return false;
    } else {
      return false;
    }
  }
  return dots == 3 && digits > 0;
}

}  // namespace

Answer error_answer(int status, const std::string& message, const std::string& advice) {
  nlohmann::ordered_json json{{"error", {{"message", message}, {"advice", advice}}}};
  Answer answer;
  answer.status = status;
  answer.body = json_text(json) + "\n";
  return answer;
}

std::optional<std::string> Target::value(const std::string& key) const {
  for (const auto& [name, text] : query) {
    if (name == key) return text;
  }
  return std::nullopt;
}

std::optional<Target> parse_target(const std::string& text) {
  if (text.empty() || text[0] != '/' || text.size() > 4096) return std::nullopt;
  Target target;
  const auto mark = text.find('?');
  std::string_view path = std::string_view(text).substr(1, mark == std::string::npos ? mark : mark - 1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    auto part = decode(path.substr(0, slash), false);
    if (!part || !is_part(*part)) return std::nullopt;
    target.parts.push_back(std::move(*part));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  if (mark == std::string::npos) return target;
  std::string_view rest = std::string_view(text).substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    auto key = decode(pair.substr(0, equals), true);
    auto value =
        equals == std::string_view::npos ? std::optional<std::string>("") : decode(pair.substr(equals + 1), true);
    if (!key || !value) return std::nullopt;
    target.query.emplace_back(std::move(*key), std::move(*value));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return target;
}

bool host_allowed(const std::string& host, const std::vector<std::string>& allowed) {
  std::string name = host;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto colon = name.rfind(':');
  const auto bracket = name.rfind(']');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    const auto port = name.substr(colon + 1);
    if (!std::all_of(port.begin(), port.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) return false;
    name.resize(colon);
  }
  if (name == "localhost" || name == "[::1]" || is_loopback_v4(name)) return true;
  return !name.empty() && std::find(allowed.begin(), allowed.end(), name) != allowed.end();
}

bool is_plain_name(const std::string& text) {
  if (text.empty() || text.size() > 100 || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

}  // namespace quietgate
