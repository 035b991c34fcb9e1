#include "stages/prometheus/selectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "stages/prometheus/prometheus_times.h"

namespace quietgate {

namespace {

constexpr std::array<std::string_view, 14> aggregations{"sum",      "avg",    "min",         "max",     "count",
                                                        "stddev",   "stdvar", "group",       "bottomk", "count_values",
                                                        "quantile", "limitk", "limit_ratio", "topk"};
constexpr std::array<std::string_view, 6> groupings{"by", "without", "on", "ignoring", "group_left", "group_right"};
constexpr std::array<std::string_view, 8> words{"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"};

template <class List>
bool one_of(const List& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool continues_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9');
}

std::string lower(std::string text) {
  for (auto& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<Selector> scan() {
    read();
    std::vector<Selector> once;
    for (auto& selector : found_) {
      if (std::find(once.begin(), once.end(), selector) == once.end()) once.push_back(std::move(selector));
    }
    return once;
  }

  std::vector<PlacedSelector> place() {
    placing_ = true;
    read();
    return placed_;
  }

 private:
  void read() {
    while (skip_space()) {
      const char c = text_[at_];
      const auto begin = at_;
      if (starts_name(c)) {
        take_word();
      } else if (c == '{') {
        add({{}, take_matchers(), {}}, begin);
      } else if (c == '"' || c == '\'' || c == '`') {
        take_string();
      } else if (c == '[') {
        skip_to(']');
      } else if (c == '@') {
        ++at_;
        add_moment("@ " + take_moment());
      } else if (c >= '0' && c <= '9') {
        // 1e3, 0x1f, 5m: letters after a digit are no names.
        while (at_ < text_.size() && (continues_name(text_[at_]) || text_[at_] == '.')) ++at_;
      } else {
        ++at_;
      }
    }
  }

  // False at the end of the text.
  bool skip_space() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r') {
        ++at_;
      } else {
        return true;
      }
    }
    return false;
  }
  char next() { return skip_space() ? text_[at_] : '\0'; }

  std::string take_name() {
    const auto begin = at_;
    while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string take_string() {
    const auto begin = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && quote != '`') ++at_;
      ++at_;
    }
    if (at_ >= text_.size()) throw user_error("a string does not end");
    ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Past the `close` that belongs to the bracket at the scanner's place.
  void skip_to(char close) {
    const char open = text_[at_];
    int depth = 0;
    while (skip_space()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'' || c == '`') {
        take_string();
        continue;
      }
      if (c == open) ++depth;
      ++at_;
      if (c == close && --depth == 0) return;
    }
    throw user_error(fmt::format("`{}` is not closed", open));
  }

  // What follows `offset` or `@`: `-5m`, `1609746000.5`, `end()`.
  std::string take_moment() {
    std::string text;
    if (next() == '-') text += text_[at_++];
    skip_space();
    while (at_ < text_.size() && (continues_name(text_[at_]) || text_[at_] == '.')) text += text_[at_++];
    if (text == "start" || text == "end") {
      skip_to(')');
      text += "()";
    }
    return text;
  }

  void add_moment(const std::string& text) {
    if (found_.empty()) return;
    auto& moment = found_.back().moment;
    moment += (moment.empty() ? "" : " ") + text;
  }

  void take_word() {
    const auto begin = at_;
    const auto name = take_name();
    const char after = next();
    if (lower(name) == "offset" && after != '{') {
      add_moment("offset " + take_moment());
    } else if (one_of(groupings, name)) {
      if (after == '(') skip_to(')');
    } else if (after == '(') {
      if (name == "absent" || name == "absent_over_time") pass_absent();
    } else if (after != '{' && (one_of(words, lower(name)) || (one_of(aggregations, name) && grouping_follows()))) {
      return;
    } else {
      // Without matchers the selector ends with its name, not with the space after it.
      if (after != '{') at_ = begin + name.size();
      add({name, after == '{' ? take_matchers() : std::vector<Matcher>(), {}}, begin);
    }
  }

  void pass_absent() {
    if (!placing_) return skip_to(')');
    ++at_;
    skip_space();
    absent_argument_ = at_;
  }

  // `sum by (x) (...)`
  bool grouping_follows() {
    const auto before = at_;
    skip_space();
    const auto name = take_name();
    at_ = before;
    return name == "by" || name == "without";
  }

  std::vector<Matcher> take_matchers() {
    std::vector<Matcher> matchers;
    ++at_;
    while (next() != '}') {
      Matcher matcher;
      if (next() == '"') {
        matcher.label = take_string();
      } else {
        matcher.label = take_name();
      }
      while (next() == '=' || next() == '!' || next() == '~') matcher.operation += text_[at_++];
      if (next() == '"' || next() == '\'' || next() == '`') {
        matcher.value = take_string();
      } else if (matcher.label.empty() || !matcher.operation.empty()) {
        throw user_error("`{` is not closed or holds no matcher");
      }
      matchers.push_back(std::move(matcher));
      if (next() == ',') ++at_;
    }
    ++at_;
    std::sort(matchers.begin(), matchers.end());
    return matchers;
  }

  void add(Selector selector, std::size_t begin) {
    if (!placing_) return found_.push_back(std::move(selector));
    PlacedSelector placed{std::move(selector), begin, at_, {}, begin == absent_argument_};
    if (next() == '[') {
      const auto bracket = at_;
      skip_to(']');
      placed.range = std::string(text_.substr(bracket + 1, at_ - bracket - 2));
      placed.end = at_;
    }
    for (bool more = true; more;) {
      const auto moment = moment_here();
      more = !moment.empty();
      if (!more) break;
      placed.selector.moment += (placed.selector.moment.empty() ? "" : " ") + moment;
      placed.end = at_;
    }
    at_ = placed.end;
    placed_.push_back(std::move(placed));
  }

  // `offset 5m` or `@ end()` at the scanner's place, which it passes; else empty.
  std::string moment_here() {
    if (next() == '@') {
      ++at_;
      return "@ " + take_moment();
    }
    if (lower(take_name()) != "offset") return {};
    return "offset " + take_moment();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool placing_ = false;
  std::size_t absent_argument_ = std::string_view::npos;
  std::vector<Selector> found_;
  std::vector<PlacedSelector> placed_;
};

bool contains(const std::vector<Matcher>& all, const Matcher& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

std::string to_string(const Selector& selector) {
  std::string text = selector.metric;
  std::string inside;
  for (const auto& matcher : selector.matchers) {
    inside += (inside.empty() ? "" : ", ") + matcher.label + matcher.operation + matcher.value;
  }
  if (!inside.empty()) text += "{" + inside + "}";
  return selector.moment.empty() ? text : text + " " + selector.moment;
}

std::string range_text(double seconds) {
  return fmt::format("[{}ms]", std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(seconds * 1000))));
}

std::string with_range(std::string selector, const std::string& range) {
  auto end = selector.rfind('}');
  end = end == std::string::npos ? std::min(selector.find(' '), selector.size()) : end + 1;
  return selector.insert(end, range);
}

double behind_of(const Selector& selector) {
  if (selector.moment.find('@') != std::string::npos) return std::numeric_limits<double>::infinity();
  if (selector.moment.empty()) return 0;
  const auto seconds = read_duration(selector.moment.substr(selector.moment.find(' ') + 1));
  return seconds ? *seconds : 0;
}

Result<std::vector<Selector>> selectors_of(std::string_view promql) {
  try {
    return Scanner(promql).scan();
  } catch (const Error& error) {
    return error;
  }
}

Result<std::vector<PlacedSelector>> places_of(std::string_view promql) {
  try {
    return Scanner(promql).place();
  } catch (const Error& error) {
    return error;
  }
}

std::string witness_of(const Selector& narrow, const Selector& wide) {
  if (narrow.metric.empty() || narrow.metric != wide.metric || narrow.moment != wide.moment ||
      narrow.matchers.size() <= wide.matchers.size())
    return {};
  for (const auto& matcher : wide.matchers) {
    if (!contains(narrow.matchers, matcher)) return {};
  }
  auto witness = wide;
  for (const auto& matcher : narrow.matchers) {
    if (contains(wide.matchers, matcher) || matcher.operation[0] == '!') continue;
    witness.matchers.push_back({matcher.label, "!=", "\"\""});
  }
  return to_string(witness);
}

}  // namespace quietgate
