// The syntax of `${{ ... }}`: text to a tree with places. At most 32 levels deep, so that neither
// parsing nor evaluation can exhaust the stack.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runner/model/expression.h"

namespace quietgate {

struct Expression {
  enum class Kind { literal, name, call, negation, both, either, comparison };
  Kind kind = Kind::literal;
  std::string text;                  // the literal's value, the dotted name, the function's name, the comparison's sign
  std::vector<Expression> operands;  // one for negation, two for both, either and comparison
  std::size_t offset = 0;            // in the text given to the parser
  std::size_t length = 0;            // of the name or the function's name
};

// A piece is plain text (unescaped), or an expression with its source between `${{` and `}}`.
struct TemplatePiece {
  std::string literal;
  std::optional<Expression> expression;
  std::string_view source;  // into the text given
  std::size_t offset = 0;   // of source in it
};

std::variant<std::vector<TemplatePiece>, ExpressionError> parse_template(std::string_view text);
// Exactly one piece. Text that is all `${{ ... }}` is taken without it; empty text is a piece without an expression.
std::variant<std::vector<TemplatePiece>, ExpressionError> parse_condition(std::string_view text);

bool is_status_function(const std::string& name);  // success, failure, cancelled, always

}  // namespace quietgate
