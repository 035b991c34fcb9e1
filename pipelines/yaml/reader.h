// Typed reads from a YAML tree. Every read that fails leaves a diagnostic and answers nothing (or the default given);
// keys that nobody asked for are unknown keys when the map's reader is finished.
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

// A value that was found under a key (or in a list), with what to call it in messages.
struct Found {
  const YamlNode* node = nullptr;
  std::string name;  // `timeout`, `needs[2]`
  Position key_at;   // the key's place, or the value's in a list
  explicit operator bool() const { return node != nullptr; }
};

// The scalar reads, for values in lists as well as in maps.
class ValueReader {
 public:
  // Turns a scalar's text into the text to be read (`${{ matrix.X }}`); nothing: a diagnostic was left. Optional.
  using Rewrite = std::function<std::optional<std::string>(const Found& found)>;
  explicit ValueReader(Diagnostics& diagnostics, Rewrite rewrite = {})
      : diagnostics_(&diagnostics), rewrite_(std::move(rewrite)) {}

  Diagnostics& diagnostics() const { return *diagnostics_; }
  void wrong(const Found& found, std::string message, std::string expected = {}, std::string hint = {}) const;
  void wrong_type(const Found& found, std::string expected) const;

  // Text that is not empty and not a number, boolean or null that lacks quotes. Not rewritten.
  std::optional<std::string> text(const Found& found, std::size_t most = 100'000) const;
  // As text, but empty text, numbers and booleans are taken as they are written (values of environment variables).
  std::optional<std::string> loose_text(const Found& found) const;
  std::optional<bool> boolean(const Found& found) const;
  std::optional<double> number(const Found& found, double least, double most) const;
  std::optional<int> integer(const Found& found, int least, int most) const;
  std::optional<Milliseconds> duration(const Found& found, Milliseconds least = Milliseconds{1}) const;
  std::optional<Bound> bound(const Found& found, Measure measure) const;
  // One of the words; the index of it.
  std::optional<std::size_t> choice(const Found& found, const std::vector<std::string>& words) const;
  // [A-Za-z_][A-Za-z0-9_]* and the like: a text all of whose characters `allowed` takes, described by `expected`.
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
  bool valid() const { return map_ != nullptr; }  // false: it was not a map, and that was said

  // The value under the key, or nothing. Marks the key as known.
  Found find(const std::string& key);
  // As find; says so when the key is absent or empty.
  Found require(const std::string& key, const std::string& expected);
  // A word of the language that this version can't do: an error when present.
  void unsupported(const std::string& key);
  // Keys that start with this are the user's own.
  void ignore_prefix(std::string prefix) { ignored_prefix_ = std::move(prefix); }
  // All of them, for maps whose keys are names; none, and a diagnostic, when there are more than `most`.
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
