// `${{ ... }}`: names, literals, comparison, boolean operators, a few functions. Strings in, strings out.
// Names: commit.sha commit.short_sha commit.branch commit.message commit.author | run.id run.number run.repository
//   stages.NAME.outputs.KEY stages.NAME.outcome | environment.NAME | secrets.NAME | ports.NAME | apply.id
//   apply.directory matrix.KEY.
// Functions: contains(a, b) starts_with(a, b) ends_with(a, b) format(fmt, ...) lower(a) upper(a)
//   success() failure() cancelled() always()  (the last four only in `if:`).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/core/plan.h"
#include "runner/core/result.h"

namespace quietgate {

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
// an error of kind user that names it. The answer is never evaluated again.
Result<std::string> resolve(std::string_view text, const Lookup& lookup);
// As resolve, but expressions with unknown names stay in the text as they are.
Result<std::string> resolve_known(std::string_view text, const Lookup& lookup);
// Evaluates a bare expression (the text of an `if:`) to a truth value. Empty text, `false`, `0` and `` are false.
Result<bool> evaluate_condition(std::string_view text, const Lookup& lookup);

// Calls f on every (template) string of a stage, so that it can be replaced: the one list of where templates are.
void each_template(StageSpec& stage, const std::function<void(std::string&)>& f);
// The stage with every template resolved. Fails like resolve, and names the stage.
Result<StageSpec> resolve(StageSpec stage, const Lookup& lookup);

}  // namespace quietgate
