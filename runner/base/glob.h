// Patterns of paths and branches, as people write them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

// Glob on `/`-separated text: `*` and `?` stay within a part, `**` crosses parts, `[a-z]` and `[!a]` are sets,
// `{a,b}` alternatives (they may nest), `\` takes the next character as it is. `**/` also matches no part at all, so
// `**/x` matches `x`. Time is at most the product of the lengths. A pattern that is wrong matches nothing.
bool glob_matches(std::string_view pattern, std::string_view text);
bool any_glob_matches(const std::vector<std::string>& patterns, std::string_view text);

// Why the pattern is wrong, or empty.
std::string glob_problem(std::string_view pattern);

// Patterns that many texts are held against, each in time that grows with its length alone, but for patterns made to
// be slow. One thread at a time.
class Globs {
 public:
  explicit Globs(const std::vector<std::string>& patterns);
  ~Globs();
  Globs(Globs&&) noexcept;
  Globs& operator=(Globs&&) noexcept;
  // Whether one of them matches.
  bool match(std::string_view text);
  // The same for the pattern of that place.
  bool match(std::size_t place, std::string_view text);
  // False: no text that begins with this folder and a `/` matches.
  bool may_match_below(std::string_view folder) const;

 private:
  class Machine;
  std::vector<std::unique_ptr<Machine>> machines_;  // null: of a pattern that is wrong
  std::vector<std::string> folders_;                // with which all begins that one of them matches
};

}  // namespace quietgate
