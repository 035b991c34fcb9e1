#include "runner/model/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "runner/model/expression_tree.h"

namespace quietgate {

namespace {

bool truthy(const std::string& value) {
  return !value.empty() && value != "false" && value != "0";
}
std::string truth(bool value) {
  return value ? "true" : "false";
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper_ascii(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// The value of an expression, the first name that is not known, or why it can't be evaluated.
struct Unknown {
  std::string name;
};
using Evaluated = std::variant<std::string, Unknown, Error>;

Error too_long() {
  return user_error("the value is longer than 128 KiB", "put long texts into files");
}

Evaluated format(const std::vector<std::string>& values) {
  const std::string& pattern = values.front();
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if ((c == '{' || c == '}') && i + 1 < pattern.size() && pattern[i + 1] == c) {
      out += c;
      ++i;
      continue;
    }
    if (c != '{') {
      out += c;
      continue;
    }
    std::size_t index = 0;
    const char* begin = pattern.data() + i + 1;
    const auto [end, problem] = std::from_chars(begin, pattern.data() + pattern.size(), index);
    if (problem != std::errc{} || end == pattern.data() + pattern.size() || *end != '}')
      return user_error("format(): `{` is not followed by a number and `}`", "write `{{` for a literal brace");
    if (index >= values.size() - 1) return user_error("format(): there is no argument {" + std::to_string(index) + "}");
    out += values[index + 1];
    if (out.size() > max_value_bytes) return too_long();
    i = static_cast<std::size_t>(end - pattern.data());
  }
  return out;
}

// In time that grows with the lengths, not with their product.
bool contains(const std::string& text, const std::string& part) {
  return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

Evaluated compare(const Expression& e, const std::string& left, const std::string& right) {
  if (e.text == "==") return truth(left == right);
  if (e.text == "!=") return truth(left != right);
  const auto a = number(left);
  const auto b = number(right);
  if (!a || !b) {
    return user_error("`" + e.text + "` compares numbers, and `" + (a ? right : left).substr(0, 80) + "` is not one",
                      "compare text with == or !=");
  }
  if (e.text == "<") return truth(*a < *b);
  if (e.text == "<=") return truth(*a <= *b);
  if (e.text == ">") return truth(*a > *b);
  return truth(*a >= *b);
}

// Of the expressions of one text: nested calls can make much of little, so what they make is counted.
class Evaluation {
 public:
  explicit Evaluation(const Lookup& lookup) : lookup_(lookup) {}

  Evaluated evaluate(const Expression& e) {
    Evaluated value = value_of(e);
    if (const auto* text = std::get_if<std::string>(&value)) {
      made_ += text->size();
      if (text->size() > max_value_bytes) return too_long();
      if (made_ > most_made)
        return user_error("the expressions of this text make more than 4 MiB", "put long texts into files");
    }
    return value;
  }

 private:
  static constexpr std::size_t most_made = 4UL * 1024 * 1024;

  Evaluated value_of(const Expression& e) {
    using Kind = Expression::Kind;
    if (e.kind == Kind::literal) return e.text;
    if (e.kind == Kind::name) {
      if (auto answer = lookup_(e.text)) return std::move(*answer);
      return Unknown{e.text};
    }
    if (e.kind == Kind::call) return call(e);
    Evaluated left = evaluate(e.operands[0]);
    if (!std::holds_alternative<std::string>(left)) return left;
    const std::string& text = std::get<std::string>(left);
    if (e.kind == Kind::negation) return truth(!truthy(text));
    if (e.kind == Kind::both && !truthy(text)) return left;
    if (e.kind == Kind::either && truthy(text)) return left;
    Evaluated right = evaluate(e.operands[1]);
    if (e.kind != Kind::comparison || !std::holds_alternative<std::string>(right)) return right;
    return compare(e, text, std::get<std::string>(right));
  }

  Evaluated call(const Expression& e) {
    if (is_status_function(e.text)) {
      if (auto answer = lookup_(e.text + "()")) return *answer;
      if (e.text == "always") return truth(true);
      return Unknown{e.text + "()"};
    }
    std::vector<std::string> values;
    for (const Expression& operand : e.operands) {
      Evaluated value = evaluate(operand);
      if (!std::holds_alternative<std::string>(value)) return value;
      values.push_back(std::move(std::get<std::string>(value)));
    }
    if (e.text == "contains") return truth(contains(values[0], values[1]));
    if (e.text == "starts_with") return truth(values[0].starts_with(values[1]));
    if (e.text == "ends_with") return truth(values[0].ends_with(values[1]));
    if (e.text == "format") return format(values);
    std::string changed = std::move(values[0]);
    std::transform(changed.begin(), changed.end(), changed.begin(), e.text == "lower" ? lower_ascii : upper_ascii);
    return changed;
  }

  const Lookup& lookup_;
  std::size_t made_ = 0;
};

Error unknown_name(const Unknown& unknown) {
  return with_cause(ErrorCause::unknown_name,
                    user_error("`" + unknown.name + "` has no value here",
                               "check the name; an output exists only once its stage has passed"));
}

Error as_error(const ExpressionError& problem) {
  return user_error(problem.message);
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

void collect(const Expression& e, std::vector<Mention>& out) {
  if (e.kind == Expression::Kind::name) out.push_back({e.text, e.offset, e.length});
  if (e.kind == Expression::Kind::call) out.push_back({e.text + "()", e.offset, e.length});
  for (const Expression& operand : e.operands) collect(operand, out);
}

// The source of an expression with known names replaced by text literals, which are never read as code again.
Result<std::string> with_known_names(const Expression& e, std::string_view source, std::size_t base,
                                     const Lookup& lookup) {
  std::vector<Mention> names;
  collect(e, names);
  std::sort(names.begin(), names.end(), [](const Mention& a, const Mention& b) { return a.offset < b.offset; });
  std::string out;
  std::size_t at = 0;
  for (const Mention& name : names) {
    if (name.name.ends_with("()")) continue;
    const auto value = lookup(name.name);
    if (!value) continue;
    out += source.substr(at, name.offset - base - at);
    out += in_quotes(*value);
    at = name.offset - base + name.length;
    if (out.size() > max_value_bytes) return too_long();
  }
  out += source.substr(at);
  return out;
}

}  // namespace

std::variant<std::vector<Mention>, ExpressionError> mentions(std::string_view text, bool bare) {
  const auto parsed = bare ? parse_condition(text) : parse_template(text);
  if (const auto* problem = std::get_if<ExpressionError>(&parsed)) return *problem;
  std::vector<Mention> out;
  for (const TemplatePiece& piece : std::get<0>(parsed)) {
    if (piece.expression) collect(*piece.expression, out);
  }
  return out;
}

Result<std::string> resolve(std::string_view text, const Lookup& lookup) {
  const auto parsed = parse_template(text);
  if (const auto* problem = std::get_if<ExpressionError>(&parsed)) return as_error(*problem);
  Evaluation evaluation(lookup);
  std::string out;
  for (const TemplatePiece& piece : std::get<0>(parsed)) {
    if (out.size() > max_value_bytes) return too_long();
    if (!piece.expression) {
      out += piece.literal;
      continue;
    }
    Evaluated value = evaluation.evaluate(*piece.expression);
    if (const auto* unknown = std::get_if<Unknown>(&value)) return unknown_name(*unknown);
    if (auto* problem = std::get_if<Error>(&value)) return std::move(*problem);
    out += std::get<std::string>(value);
  }
  if (out.size() > max_value_bytes) return too_long();
  return out;
}

std::string escape_template(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find("${{", at)) != std::string_view::npos; at = found + 3) {
    out += text.substr(at, found - at);
    out += "$${{";
  }
  out += text.substr(at);
  return out;
}

Result<std::string> resolve_known(std::string_view text, const Lookup& lookup) {
  const auto parsed = parse_template(text);
  if (const auto* problem = std::get_if<ExpressionError>(&parsed)) return as_error(*problem);
  Evaluation evaluation(lookup);
  std::string out;
  std::string literal;
  // A `$` directly before an expression would read as the escape `$${{`: such ones become expressions of their own.
  const auto flush = [&](bool before_expression) {
    std::size_t dollars = 0;
    while (before_expression && dollars < literal.size() && literal[literal.size() - 1 - dollars] == '$') ++dollars;
    out += escape_template(std::string_view(literal).substr(0, literal.size() - dollars));
    if (dollars > 0) out += "${{ '" + std::string(dollars, '$') + "' }}";
    literal.clear();
  };
  for (const TemplatePiece& piece : std::get<0>(parsed)) {
    if (out.size() + literal.size() > max_value_bytes) return too_long();
    if (!piece.expression) {
      literal += piece.literal;
      continue;
    }
    Evaluated value = evaluation.evaluate(*piece.expression);
    if (auto* problem = std::get_if<Error>(&value)) return std::move(*problem);
    if (const auto* known = std::get_if<std::string>(&value)) {
      literal += *known;
      continue;
    }
    flush(true);
    const auto source = with_known_names(*piece.expression, piece.source, piece.offset, lookup);
    if (!source) return source.error();
    out += "${{" + *source + "}}";
  }
  flush(false);
  if (out.size() > max_value_bytes) return too_long();
  return out;
}

Result<std::string> resolve_known_condition(std::string_view text, const Lookup& lookup) {
  const auto parsed = parse_condition(text);
  if (const auto* problem = std::get_if<ExpressionError>(&parsed)) return as_error(*problem);
  const TemplatePiece& piece = std::get<0>(parsed).front();
  if (!piece.expression) return std::string();
  Evaluated value = Evaluation(lookup).evaluate(*piece.expression);
  if (auto* problem = std::get_if<Error>(&value)) return std::move(*problem);
  return with_known_names(*piece.expression, piece.source, piece.offset, lookup);
}

Result<bool> evaluate_condition(std::string_view text, const Lookup& lookup) {
  const auto parsed = parse_condition(text);
  if (const auto* problem = std::get_if<ExpressionError>(&parsed)) return as_error(*problem);
  const TemplatePiece& piece = std::get<0>(parsed).front();
  if (!piece.expression) return false;
  Evaluated value = Evaluation(lookup).evaluate(*piece.expression);
  if (const auto* unknown = std::get_if<Unknown>(&value)) return unknown_name(*unknown);
  if (auto* problem = std::get_if<Error>(&value)) return std::move(*problem);
  return truthy(std::get<std::string>(value));
}

}  // namespace quietgate
