#include "runner/model/expression_tree.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runner/base/text.h"

namespace quietgate {

namespace {

constexpr std::size_t max_depth = 32;

struct Function {
  const char* name;
  std::size_t least;
  std::size_t most;
};
constexpr std::array<Function, 10> functions{{{"contains", 2, 2},
                                              {"starts_with", 2, 2},
                                              {"ends_with", 2, 2},
                                              {"format", 1, 32},
                                              {"lower", 1, 1},
                                              {"upper", 1, 1},
                                              {"success", 0, 0},
                                              {"failure", 0, 0},
                                              {"cancelled", 0, 0},
                                              {"always", 0, 0}}};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_character(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '-';
}

// Recursive descent; throws ExpressionError, which never leaves this file.
class Parser {
 public:
  // Parses up to `}}` (or to the end of the text when bare); `at` is then behind the expression.
  Parser(std::string_view text, std::size_t start, bool bare) : text_(text), at_(start), start_(start), bare_(bare) {}

  Expression whole() {
    Expression e = either();
    skip_space();
    if (!at_end()) fail(at_, 1, "expected an operator or the end of the expression, found `" + word(at_) + "`");
    return e;
  }
  std::size_t at() const { return at_; }

 private:
  [[noreturn]] static void fail(std::size_t offset, std::size_t length, std::string message) {
    throw ExpressionError{offset, length, std::move(message)};
  }
  bool at_end() const { return at_ >= text_.size() || (!bare_ && text_.substr(at_, 2) == "}}"); }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view sign) {
    skip_space();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    return true;
  }
  // What stands at a place, for messages: a word, or one character with all its bytes.
  std::string word(std::size_t from) const {
    std::size_t end = from;
    while (end < text_.size() && is_name_character(text_[end])) ++end;
    if (end == from) {
      ++end;
      while (end < text_.size() && !begins_character(text_[end])) ++end;
    }
    return std::string(text_.substr(from, std::min<std::size_t>(end - from, 60)));
  }

  struct Deeper {
    explicit Deeper(Parser& owner) : parser(owner) {
      if (++parser.depth_ > max_depth) fail(parser.at_, 1, "the expression is nested deeper than 32 levels");
    }
    ~Deeper() { --parser.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Parser& parser;
  };

  static Expression join(Expression::Kind kind, std::string sign, Expression left, Expression right) {
    Expression e;
    e.kind = kind;
    e.text = std::move(sign);
    e.offset = left.offset;
    e.operands.push_back(std::move(left));
    e.operands.push_back(std::move(right));
    return e;
  }
  // `a || b || c` grows to the left, so a long chain is as deep as it is long: its evaluation must be bounded too.
  void count_link(std::size_t& links) {
    if (++links > max_depth) fail(at_, 1, "more than 32 operators of one kind in a row");
  }

  Expression either() {
    const Deeper deeper(*this);
    Expression left = both();
    for (std::size_t links = 0; take("||");) {
      count_link(links);
      left = join(Expression::Kind::either, "||", std::move(left), both());
    }
    return left;
  }
  Expression both() {
    Expression left = comparison();
    for (std::size_t links = 0; take("&&");) {
      count_link(links);
      left = join(Expression::Kind::both, "&&", std::move(left), comparison());
    }
    return left;
  }
  Expression comparison() {
    Expression left = negation();
    for (const char* sign : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (take(sign)) return join(Expression::Kind::comparison, sign, std::move(left), negation());
    }
    skip_space();
    if (at_ < text_.size() && text_[at_] == '=') fail(at_, 1, "`=` is not an operator; compare with `==`");
    return left;
  }
  Expression negation() {
    const Deeper deeper(*this);
    skip_space();
    const std::size_t offset = at_;
    if (text_.substr(at_, 2) != "!=" && take("!")) {
      Expression e;
      e.kind = Expression::Kind::negation;
      e.offset = offset;
      e.operands.push_back(negation());
      return e;
    }
    return operand();
  }

  Expression operand() {
    skip_space();
    if (at_end()) fail(at_ < text_.size() ? at_ : start_, 1, "expected a name, a literal or a function, found nothing");
    if (take("(")) {
      Expression e = either();
      if (!take(")")) fail(at_ < text_.size() ? at_ : start_, 1, "expected `)`");
      return e;
    }
    const char c = text_[at_];
    if (c == '\'') return quoted();
    if (c == '"') fail(at_, 1, "text in an expression stands between single quotes: 'text'");
    if (is_digit(c) || c == '-' || c == '+') return numeral();
    if (is_letter(c)) return name_or_call();
    fail(at_, 1, "expected a name, a literal or a function, found `" + word(at_) + "`");
  }
  Expression quoted() {
    Expression e;
    e.offset = at_;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '\'') {
        e.text += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '\'') {
        e.text += text_[at_++];
      } else {
        ++at_;
        return e;
      }
    }
    fail(e.offset, 1, "the quote is never closed");
  }
  Expression numeral() {
    Expression e;
    e.offset = at_;
    std::size_t end = at_ + 1;
    while (end < text_.size() && (is_digit(text_[end]) || text_[end] == '.')) ++end;
    e.text = text_.substr(at_, end - at_);
    const bool digits = std::any_of(e.text.begin(), e.text.end(), is_digit);
    const bool tidy = std::count(e.text.begin(), e.text.end(), '.') <= 1 && e.text.back() != '.';
    if (!digits || !tidy || (end < text_.size() && is_name_character(text_[end])))
      fail(at_, word(at_).size(), "`" + word(at_) + "` is not a number; text needs single quotes");
    at_ = end;
    return e;
  }
  Expression name_or_call() {
    Expression e;
    e.offset = at_;
    while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
    e.text = text_.substr(e.offset, at_ - e.offset);
    e.length = e.text.size();
    if (at_ < text_.size() && text_[at_] == '(') return call(std::move(e));
    if (e.text == "true" || e.text == "false") return e;
    e.kind = Expression::Kind::name;
    if (e.text.back() == '.' || e.text.find("..") != std::string::npos)
      fail(e.offset, e.length, "`" + e.text + "` is not a name");
    if (e.text.find('.') == std::string::npos)
      fail(e.offset, e.length, "`" + e.text + "` is neither a name with a dot nor text; text needs single quotes");
    return e;
  }
  Expression call(Expression e) {
    const auto found =
        std::find_if(functions.begin(), functions.end(), [&](const Function& f) { return e.text == f.name; });
    if (found == functions.end()) {
      std::string known;
      for (const Function& f : functions) known += (known.empty() ? "" : ", ") + std::string(f.name);
      fail(e.offset, e.length, "there is no function `" + e.text + "`; there are " + known);
    }
    e.kind = Expression::Kind::call;
    ++at_;
    if (!take(")")) {
      do e.operands.push_back(either());
      while (take(","));
      if (!take(")")) fail(at_ < text_.size() ? at_ : e.offset, 1, "expected `,` or `)`");
    }
    if (e.operands.size() < found->least || e.operands.size() > found->most) {
      const std::string wanted =
          found->least == found->most ? std::to_string(found->least) : std::to_string(found->least) + " or more";
      fail(e.offset, e.length,
           e.text + "() takes " + wanted + (wanted == "1" ? " argument" : " arguments") + ", not " +
               std::to_string(e.operands.size()));
    }
    return e;
  }

  std::string_view text_;
  std::size_t at_;
  std::size_t start_;
  bool bare_;
  std::size_t depth_ = 0;
};

std::vector<TemplatePiece> pieces_of(std::string_view text) {
  std::vector<TemplatePiece> pieces;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) pieces.push_back({std::exchange(literal, {}), std::nullopt, {}, 0});
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 4) == "$${{") {
      literal += "${{";
      at += 4;
    } else if (text.substr(at, 3) != "${{") {
      literal += text[at++];
    } else {
      flush();
      const std::size_t begin = at + 3;
      Parser parser(text, begin, false);
      Expression e = parser.whole();
      if (parser.at() >= text.size()) throw ExpressionError{at, 3, "`${{` is never closed by `}}`"};
      pieces.push_back({{}, std::move(e), text.substr(begin, parser.at() - begin), begin});
      at = parser.at() + 2;
    }
  }
  flush();
  return pieces;
}

// `${{ expression }}` as a condition: the one piece, with nothing but space around it.
TemplatePiece wrapped_condition(std::string_view text, std::size_t begin) {
  Parser parser(text, begin + 3, false);
  Expression e = parser.whole();
  if (parser.at() >= text.size()) throw ExpressionError{begin, 3, "`${{` is never closed by `}}`"};
  const std::string_view rest = text.substr(parser.at() + 2);
  if (!std::all_of(rest.begin(), rest.end(), is_space))
    throw ExpressionError{parser.at() + 2, 1, "a condition is one expression; write it without `${{` and `}}`"};
  return {{}, std::move(e), text.substr(begin + 3, parser.at() - begin - 3), begin + 3};
}

}  // namespace

bool is_status_function(const std::string& name) {
  return name == "success" || name == "failure" || name == "cancelled" || name == "always";
}

std::variant<std::vector<TemplatePiece>, ExpressionError> parse_template(std::string_view text) {
  try {
    return pieces_of(text);
  } catch (const ExpressionError& problem) {
    return problem;
  }
}

std::variant<std::vector<TemplatePiece>, ExpressionError> parse_condition(std::string_view text) {
  try {
    std::size_t begin = 0;
    while (begin < text.size() && is_space(text[begin])) ++begin;
    if (begin == text.size()) return std::vector<TemplatePiece>{TemplatePiece{}};
    if (text.substr(begin, 3) == "${{") return std::vector<TemplatePiece>{wrapped_condition(text, begin)};
    Parser parser(text, begin, true);
    Expression e = parser.whole();
    return std::vector<TemplatePiece>{TemplatePiece{{}, std::move(e), text, 0}};
  } catch (const ExpressionError& problem) {
    return problem;
  }
}

}  // namespace quietgate
