// `${{ ... }}`: names, literals, comparison, boolean operators, a few functions. Strings in, strings out.
// Names: commit.sha commit.short_sha commit.branch commit.message commit.author | run.id run.number run.repository
//   stages.NAME.outputs.KEY stages.NAME.outcome | environment.NAME | secrets.NAME | ports.NAME | apply.id
//   apply.directory matrix.KEY.
// Literals: 'text' ('' is one quote), numbers, true, false. Every value is text: `==` and `!=` compare text, `<` `<=`
//   `>` `>=` compare numbers. `a && b` and `a || b` answer an operand, as in JavaScript. Empty text, `false` and `0`
//   are false.
// Functions: contains(a, b) starts_with(a, b) ends_with(a, b) format(fmt, ...) lower(a) upper(a)
//   success() failure() cancelled() always()  (the last four only in `if:`; their value is asked from the Lookup under
//   the name `success()` and so on; always() is true without asking).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/plan.h"

namespace quietgate {

// What a text with expressions may become: as much as the kernel takes for one argument or variable. Longer ones are
// errors, also while they are evaluated.
inline constexpr std::size_t max_value_bytes = 128UL * 1024;
// And all texts of a stage together.
inline constexpr std::size_t max_stage_bytes = 4UL * 1024 * 1024;

// Where in the text an expression is wrong; offsets are bytes from the start of the text given.
struct ExpressionError {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
};

// Answers the value of a dotted name, or nothing when the name is not known (yet).
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

// Every dotted name and function (`name()`) that a template or bare expression mentions, with its place.
struct Mention {
  std::string name;
  std::size_t offset = 0;
  std::size_t length = 0;
};
std::variant<std::vector<Mention>, ExpressionError> mentions(std::string_view text, bool bare = false);

// Replaces each `${{ ... }}` of the text by its value. `$${{` is a literal `${{`. A name that `lookup` doesn't know is
// an error of kind user that names it. The answer is final text: it is not a template, never evaluate it again.
Result<std::string> resolve(std::string_view text, const Lookup& lookup);
// The text as a template in which known names are replaced by their values and unknown ones are left. The values are
// escaped: resolving the answer later gives the same text as resolving everything at once, whatever the values hold.
Result<std::string> resolve_known(std::string_view text, const Lookup& lookup);
// As resolve_known, for a bare expression (the text of an `if:`).
Result<std::string> resolve_known_condition(std::string_view text, const Lookup& lookup);
// The template whose resolution is exactly this text.
std::string escape_template(std::string_view text);
// Evaluates a bare expression (the text of an `if:`) to a truth value. Empty text, `false`, `0` and `` are false.
Result<bool> evaluate_condition(std::string_view text, const Lookup& lookup);

}  // namespace quietgate
