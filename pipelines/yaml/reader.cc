#include "pipelines/yaml/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "runner/base/text.h"

namespace quietgate {

namespace {

std::string shown(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar) return to_string(type_of(node));
  std::string text = node.text.substr(0, node.text.find('\n'));
  if (text.size() <= 60) return "`" + text + "`";
  return "`" + std::string(cut_to_bytes(text, 60)) + "...`";
}

bool leads_out(std::string_view path) {
  if (path.starts_with('/')) return true;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return false;
}

}  // namespace

void ValueReader::wrong(const Found& found, std::string message, std::string expected, std::string hint) const {
  diagnostics_->add(found.node->kind == YamlNode::Kind::null ? found.key_at : found.node->at, std::move(message),
                    std::move(expected), std::move(hint));
}

void ValueReader::wrong_type(const Found& found, std::string expected) const {
  const YamlType type = type_of(*found.node);
  if (type == YamlType::null) return wrong(found, fmt::format("`{}` has no value", found.name), std::move(expected));
  wrong(found, fmt::format("`{}` is {}", found.name, to_string(type)), std::move(expected));
}

std::optional<std::string> ValueReader::scalar(const Found& found, const std::string& expected) const {
  if (found.node->kind != YamlNode::Kind::scalar) {
    wrong_type(found, expected);
    return std::nullopt;
  }
  if (rewrite_ && found.node->text.find("${{") != std::string::npos) return rewrite_(found);
  return found.node->text;
}

std::optional<std::string> ValueReader::text(const Found& found, std::size_t most) const {
  const YamlType type = type_of(*found.node);
  if (type == YamlType::boolean || type == YamlType::integer || type == YamlType::number) {
    wrong(found, fmt::format("`{}` is {}", found.name, to_string(type)), "text",
          fmt::format("write \"{}\" with quotes", found.node->text));
    return std::nullopt;
  }
  if (type != YamlType::text) {
    wrong_type(found, "text");
    return std::nullopt;
  }
  if (found.node->text.empty()) {
    wrong(found, fmt::format("`{}` is empty", found.name), "text");
    return std::nullopt;
  }
  if (found.node->text.size() > most) {
    wrong(found, fmt::format("`{}` has {} bytes", found.name, found.node->text.size()),
          fmt::format("at most {} bytes", most));
    return std::nullopt;
  }
  if (found.node->text.find('\0') != std::string::npos) {
    wrong(found, fmt::format("`{}` holds a NUL character", found.name), "text without NUL characters");
    return std::nullopt;
  }
  return found.node->text;
}

std::optional<std::string> ValueReader::loose_text(const Found& found) const {
  if (found.node->kind != YamlNode::Kind::scalar || type_of(*found.node) == YamlType::null) {
    wrong_type(found, "text, a number, true or false");
    return std::nullopt;
  }
  if (found.node->text.empty()) return std::string();
  if (type_of(*found.node) == YamlType::text) return text(found);
  return found.node->text;
}

std::optional<bool> ValueReader::boolean(const Found& found) const {
  if (type_of(*found.node) != YamlType::boolean) {
    wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)), "true or false");
    return std::nullopt;
  }
  return found.node->text[0] == 't' || found.node->text[0] == 'T';
}

std::optional<double> ValueReader::number(const Found& found, double least, double most) const {
  const std::string expected = fmt::format("a number from {} to {}", least, most);
  const auto written = scalar(found, expected);
  if (!written) return std::nullopt;
  const bool rewritten = *written != found.node->text;
  std::string_view digits = *written;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool parsed = problem == std::errc{} && end == digits.data() + digits.size() && std::isfinite(value);
  if (!parsed || (found.node->quoted && !rewritten)) {
    wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)), expected,
          parsed ? "write it without quotes" : std::string());
    return std::nullopt;
  }
  if (value < least || value > most) {
    wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)), expected);
    return std::nullopt;
  }
  return value;
}

std::optional<int> ValueReader::integer(const Found& found, int least, int most) const {
  const std::size_t before = diagnostics_->count();
  const auto value = number(found, least, most);
  if (!value) return std::nullopt;
  const std::string& text = found.node->text;
  if (*value != std::floor(*value) || text.find_first_of(".eE") != std::string::npos) {
    if (text.find("${{") != std::string::npos && *value == std::floor(*value)) return static_cast<int>(*value);
    if (diagnostics_->count() == before)
      wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)),
            fmt::format("a whole number from {} to {}", least, most));
    return std::nullopt;
  }
  return static_cast<int>(*value);
}

std::optional<Milliseconds> ValueReader::duration(const Found& found, Milliseconds least) const {
  const std::string expected = "a duration such as 45s, 1h30m or 250ms, at most 30d";
  const auto written = scalar(found, expected);
  if (!written) return std::nullopt;
  const auto value = parse_duration(*written);
  if (!value) {
    const YamlType type = type_of(*found.node);
    const bool unitless = type == YamlType::integer || type == YamlType::number;
    wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)), expected,
          unitless ? fmt::format("a number has no unit: did you mean `{}s`?", found.node->text) : std::string());
    return std::nullopt;
  }
  if (*value < least) {
    wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)), "a duration greater than zero");
    return std::nullopt;
  }
  return value;
}

std::optional<Bound> ValueReader::bound(const Found& found, Measure measure) const {
  const auto written = scalar(found, std::get<std::string>(parse_bound("", measure)));
  if (!written) return std::nullopt;
  auto answer = parse_bound(*written, measure);
  if (const auto* bound = std::get_if<Bound>(&answer)) return *bound;
  wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)), std::get<std::string>(answer));
  return std::nullopt;
}

std::optional<std::size_t> ValueReader::choice(const Found& found, const std::vector<std::string>& words) const {
  const std::string& text = found.node->text;
  const auto word = std::find(words.begin(), words.end(), text);
  if (found.node->kind == YamlNode::Kind::scalar && word != words.end())
    return static_cast<std::size_t>(word - words.begin());
  wrong(found, fmt::format("`{}` is {}", found.name, shown(*found.node)), "one of " + joined(words),
        found.node->kind == YamlNode::Kind::scalar ? did_you_mean(text, words) : std::string());
  return std::nullopt;
}

bool ValueReader::is_name(const Found& found, std::string_view name, std::string_view first, std::string_view others,
                          std::size_t most, const std::string& expected) const {
  const bool right = !name.empty() && name.size() <= most && first.find(name[0]) != std::string_view::npos &&
                     name.find_first_not_of(others) == std::string_view::npos;
  if (!right) diagnostics_->add(found.key_at, fmt::format("`{}` is not a name that can be used here", name), expected);
  return right;
}

std::vector<Found> ValueReader::list(const Found& found, std::size_t least, std::size_t most) const {
  std::vector<Found> out;
  if (found.node->kind != YamlNode::Kind::sequence) {
    wrong_type(found, "a list");
    return out;
  }
  const std::size_t size = found.node->items.size();
  if (size < least) wrong(found, fmt::format("`{}` is an empty list", found.name), "at least one entry");
  if (size > most) {
    wrong(found, fmt::format("`{}` has {} entries", found.name, size), fmt::format("at most {}", most));
    return out;
  }
  for (std::size_t i = 0; i < size; ++i) {
    const YamlNode* item = found.node->items[i].get();
    out.push_back({item, fmt::format("{}[{}]", found.name, i), item->at});
  }
  return out;
}

std::vector<std::string> ValueReader::texts(const Found& found, std::size_t least, std::size_t most) const {
  std::vector<std::string> out;
  for (const Found& item : list(found, least, most)) {
    auto value = text(item);
    if (!value) continue;
    if (std::find(out.begin(), out.end(), *value) != out.end()) {
      wrong(item, fmt::format("`{}` appears twice in `{}`", *value, found.name));
      continue;
    }
    out.push_back(std::move(*value));
  }
  return out;
}

std::optional<std::string> ValueReader::path(const Found& found) const {
  auto value = text(found, 4000);
  if (value && leads_out(*value)) {
    wrong(found, fmt::format("`{}` leads out of the repository: {}", found.name, shown(*found.node)),
          "a path relative to the repository's root, without `..`");
    return std::nullopt;
  }
  return value;
}

MapReader::MapReader(const ValueReader& values, const Found& map, std::string what)
    : values_(values), found_(map), what_(std::move(what)) {
  if (map.node->kind == YamlNode::Kind::map) {
    map_ = map.node;
  } else {
    values.wrong_type(map, "a map");
  }
}

Found MapReader::find(const std::string& key) {
  known_.push_back(key);
  if (!map_) return {};
  for (const YamlEntry& entry : map_->entries) {
    if (entry.key == key) return {entry.value.get(), key, entry.key_at};
  }
  return {};
}

Found MapReader::require(const std::string& key, const std::string& expected) {
  Found found = find(key);
  if (!map_) return {};
  if (!found) values_.diagnostics().add(found_.key_at, fmt::format("{} needs `{}`", what_, key), expected);
  return found;
}

void MapReader::unsupported(const std::string& key) {
  if (!map_) return;
  for (const YamlEntry& entry : map_->entries) {
    if (entry.key != key) continue;
    known_.push_back(key);
    values_.diagnostics().add(entry.key_at, fmt::format("`{}` is not supported by this version of quietgate", key));
  }
}

std::vector<Found> MapReader::entries(std::size_t most) const {
  std::vector<Found> out;
  if (!map_) return out;
  if (map_->entries.size() > most) {
    values_.wrong(found_, fmt::format("{} has {} entries", what_, map_->entries.size()),
                  fmt::format("at most {}", most));
    return out;
  }
  for (const YamlEntry& entry : map_->entries) out.push_back({entry.value.get(), entry.key, entry.key_at});
  return out;
}

void MapReader::finish() {
  if (!map_) return;
  for (const YamlEntry& entry : map_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    if (!ignored_prefix_.empty() && entry.key.starts_with(ignored_prefix_)) continue;
    values_.diagnostics().add(entry.key_at, fmt::format("{} has no key `{}`", what_, entry.key),
                              "one of " + joined(known_), did_you_mean(entry.key, known_));
  }
}

}  // namespace quietgate
