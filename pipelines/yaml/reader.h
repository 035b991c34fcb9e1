// Typed reads from a YAML tree. A read that fails adds a diagnostic and returns nothing (or the given default). Keys
// that were not read are reported as unknown when the map's reader is finished.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipelines/yaml/diagnostics.h"
#include "pipelines/yaml/quantities.h"
#include "pipelines/yaml/yaml.h"

namespace quietgate {

// A value under a key (or in a list), with its name for messages.
struct Found {
  const YamlNode* node = nullptr;
  std::string name;  // `timeout`, `needs[2]`
  Position key_at;   // the key's place, or the value's in a list
  explicit operator bool() const { return node != nullptr; }
};

// Reads scalars, in lists and in maps.
class ValueReader {
 public:
  // Turns a scalar's text into the text to be read (`${{ matrix.X }}`); nothing if it added a diagnostic. Optional.
  using Rewrite = std::function<std::optional<std::string>(const Found& found)>;
  explicit ValueReader(Diagnostics& diagnostics, Rewrite rewrite = {})
      : diagnostics_(&diagnostics), rewrite_(std::move(rewrite)) {}

  Diagnostics& diagnostics() const { return *diagnostics_; }
  void wrong(const Found& found, std::string message, std::string expected = {}, std::string hint = {}) const;
  void wrong_type(const Found& found, std::string expected) const;

  // Text that is not empty and not a number, boolean or null that lacks quotes. Not rewritten.
  std::optional<std::string> text(const Found& found, std::size_t most = 100'000) const;
  // Like text(), but accepts empty text, numbers and booleans as written (for environment variables).
  std::optional<std::string> loose_text(const Found& found) const;
  std::optional<bool> boolean(const Found& found) const;
  std::optional<double> number(const Found& found, double least, double most) const;
  std::optional<int> integer(const Found& found, int least, int most) const;
  std::optional<Milliseconds> duration(const Found& found, Milliseconds least = Milliseconds{1}) const;
  std::optional<Bound> bound(const Found& found, Measure measure) const;
  // The index of the word in the list.
  std::optional<std::size_t> choice(const Found& found, const std::vector<std::string>& words) const;
  // [A-Za-z_][A-Za-z0-9_]* and the like: a text with only allowed characters, described by `expected`.
  bool is_name(const Found& found, std::string_view name, std::string_view first, std::string_view others,
               std::size_t most, const std::string& expected) const;
  std::vector<Found> list(const Found& found, std::size_t least = 0, std::size_t most = 1000) const;
  // The list's texts; a list is required (not a single text), each text once.
  std::vector<std::string> texts(const Found& found, std::size_t least = 0, std::size_t most = 1000) const;
  // A text that is a relative path inside the checkout, or a template.
  std::optional<std::string> path(const Found& found) const;

 private:
  std::optional<std::string> scalar(const Found& found, const std::string& expected) const;
  Diagnostics* diagnostics_;
  Rewrite rewrite_;
};

// One map, key by key. Call `finish` at the end.
class MapReader {
 public:
  // `what` names the map in messages: `stage \`unit\``, `the pipeline`.
  MapReader(const ValueReader& values, const Found& map, std::string what);
  bool valid() const { return map_ != nullptr; }  // false: it was not a map, and a diagnostic says so

  // The value under the key, or nothing. Marks the key as known.
  Found find(const std::string& key);
  // Like find(); adds a diagnostic if the key is absent or empty.
  Found require(const std::string& key, const std::string& expected);
  // A key that this version does not support: an error if present.
  void unsupported(const std::string& key);
  // Ignores keys with this prefix.
  void ignore_prefix(std::string prefix) { ignored_prefix_ = std::move(prefix); }
  // All entries, for maps whose keys are names. If there are more than `most`: none, and a diagnostic.
  std::vector<Found> entries(std::size_t most = 1000) const;
  void finish();

  const std::string& what() const { return what_; }
  const Found& found() const { return found_; }

 private:
  const ValueReader& values_;
  Found found_;
  const YamlNode* map_ = nullptr;
  std::string what_;
  std::vector<std::string> known_;
  std::string ignored_prefix_;
};

inline constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
inline constexpr std::string_view letters_and_digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

}  // namespace quietgate
