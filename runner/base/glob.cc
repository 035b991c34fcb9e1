#include "runner/base/glob.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>

#include "runner/base/text.h"

namespace quietgate {

namespace {

constexpr std::size_t max_pattern = 1000;
constexpr int max_nesting = 8;

// UTF-8 to code points; a byte that is not UTF-8 becomes a code point of its own.
std::u32string decode(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto character = first_character(text.substr(i));
    out += character.valid ? character.code : 0xDC00u + static_cast<unsigned char>(text[i]);
    i += character.bytes;
  }
  return out;
}

// A glob as a state machine without back-references: each state consumes one code point, or forks.
struct State {
  enum class Kind { one, any_but_slash, any, set, fork, accept };
  Kind kind = Kind::accept;
  char32_t point = 0;
  bool negated = false;
  std::vector<std::pair<char32_t, char32_t>> ranges;
  std::size_t next = 0;
  std::size_t other = 0;  // fork
};

struct Wrong {
  std::string problem;
};

// Builds the states back to front: every part is told where to go on.
class Glob {
 public:
  explicit Glob(std::string_view pattern) : pattern_(decode(pattern)) {
    if (pattern.empty()) throw Wrong{"it is empty"};
    if (pattern.size() > max_pattern) throw Wrong{"it is longer than 1,000 bytes"};
    parse(0, pattern_.size(), add({}), 0);
  }

  bool matches(std::string_view text) const {
    std::vector<std::size_t> now;
    std::vector<std::size_t> later;
    std::vector<std::uint8_t> seen(states_.size());
    enter(start_, now, seen);
    for (const char32_t point : decode(text)) {
      std::fill(seen.begin(), seen.end(), std::uint8_t{0});
      later.clear();
      for (const std::size_t s : now) {
        if (takes(states_[s], point)) enter(states_[s].next, later, seen);
      }
      now.swap(later);
      if (now.empty()) return false;
    }
    return accepts(now);
  }

  // The states in which a match stands: before the first character, and after one more. Ordered, without forks.
  using Standing = std::vector<std::size_t>;
  Standing begin() const {
    Standing into;
    std::vector<std::uint8_t> seen(states_.size());
    enter(start_, into, seen);
    std::sort(into.begin(), into.end());
    return into;
  }
  Standing after(const Standing& now, char32_t point) const {
    Standing later;
    std::vector<std::uint8_t> seen(states_.size());
    for (const std::size_t s : now) {
      if (takes(states_[s], point)) enter(states_[s].next, later, seen);
    }
    std::sort(later.begin(), later.end());
    return later;
  }
  bool accepts(const Standing& now) const {
    return std::any_of(now.begin(), now.end(), [&](auto s) { return states_[s].kind == State::Kind::accept; });
  }

 private:
  std::size_t add(State state) {
    states_.push_back(std::move(state));
    return states_.size() - 1;
  }
  std::size_t add(State::Kind kind, std::size_t next, std::size_t other = 0) {
    State state;
    state.kind = kind;
    state.next = next;
    state.other = other;
    return add(std::move(state));
  }

  static bool takes(const State& state, char32_t point) {
    switch (state.kind) {
      case State::Kind::one:
        return state.point == point;
      case State::Kind::any_but_slash:
        return point != U'/';
      case State::Kind::any:
        return true;
      case State::Kind::set: {
        const bool in = std::any_of(state.ranges.begin(), state.ranges.end(),
                                    [&](const auto& r) { return r.first <= point && point <= r.second; });
        return point != U'/' && in != state.negated;
      }
      case State::Kind::fork:
      case State::Kind::accept:
        break;
    }
    return false;
  }
  // Follows forks without recursion, each state at most once.
  void enter(std::size_t from, std::vector<std::size_t>& into, std::vector<std::uint8_t>& seen) const {
    std::vector<std::size_t> open{from};
    while (!open.empty()) {
      const std::size_t s = open.back();
      open.pop_back();
      if (std::exchange(seen[s], std::uint8_t{1})) continue;
      if (states_[s].kind != State::Kind::fork) {
        into.push_back(s);
        continue;
      }
      open.push_back(states_[s].other);
      open.push_back(states_[s].next);
    }
  }

  struct Part {
    enum class Kind { one, any_but_slash, star, stars, stars_slash, set, braces };
    Kind kind;
    std::size_t begin;
    std::size_t end;
  };

  // Splits [begin, end) into parts; braces are kept whole.
  std::vector<Part> split(std::size_t begin, std::size_t end) const {
    std::vector<Part> parts;
    for (std::size_t i = begin; i < end;) {
      const char32_t c = pattern_[i];
      std::size_t to = i + 1;
      Part::Kind kind = Part::Kind::one;
      if (c == U'\\') {
        if (to >= end) throw Wrong{"nothing follows the `\\`"};
        ++to;
      } else if (c == U'?') {
        kind = Part::Kind::any_but_slash;
      } else if (c == U'[') {
        kind = Part::Kind::set;
        to = end_of_set(i, end);
      } else if (c == U'{') {
        kind = Part::Kind::braces;
        to = end_of_braces(i, end);
      } else if (c == U'}') {
        throw Wrong{"a `}` has no `{`"};
      } else if (c == U'*') {
        while (to < end && pattern_[to] == U'*') ++to;
        kind = to - i > 1 ? Part::Kind::stars : Part::Kind::star;
        const bool starts_part =
            i == 0 || pattern_[i - 1] == U'/' || pattern_[i - 1] == U'{' || pattern_[i - 1] == U',';
        if (kind == Part::Kind::stars && starts_part && to < end && pattern_[to] == U'/') {
          kind = Part::Kind::stars_slash;
          ++to;
        }
      }
      parts.push_back({kind, i, to});
      i = to;
    }
    return parts;
  }
  std::size_t end_of_set(std::size_t i, std::size_t end) const {
    std::size_t to = i + 1;
    if (to < end && (pattern_[to] == U'!' || pattern_[to] == U'^')) ++to;
    if (to < end && pattern_[to] == U']') ++to;  // a `]` that comes first is a member
    while (to < end && pattern_[to] != U']') ++to;
    if (to >= end) throw Wrong{"the `[` is never closed by `]`"};
    return to + 1;
  }
  std::size_t end_of_braces(std::size_t i, std::size_t end) const {
    int depth = 0;
    for (std::size_t to = i; to < end; ++to) {
      if (pattern_[to] == U'\\') {
        ++to;
      } else if (pattern_[to] == U'[') {
        to = end_of_set(to, end) - 1;
      } else if (pattern_[to] == U'{') {
        ++depth;
      } else if (pattern_[to] == U'}' && --depth == 0) {
        return to + 1;
      }
    }
    throw Wrong{"the `{` is never closed by `}`"};
  }

  std::size_t parse(std::size_t begin, std::size_t end, std::size_t next, int depth) {
    if (depth > max_nesting) throw Wrong{"its braces are nested deeper than 8 levels"};
    const std::vector<Part> parts = split(begin, end);
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) next = build(*part, next, depth);
    return start_ = next;
  }
  std::size_t build(const Part& part, std::size_t next, int depth) {
    using Kind = State::Kind;
    switch (part.kind) {
      case Part::Kind::any_but_slash:
        return add(Kind::any_but_slash, next);
      case Part::Kind::star:
        return loop(Kind::any_but_slash, next);
      case Part::Kind::stars:
        return loop(Kind::any, next);
      case Part::Kind::stars_slash: {
        const std::size_t slash = add(Kind::one, next);
        states_[slash].point = U'/';
        return add(Kind::fork, next, loop(Kind::any, slash));
      }
      case Part::Kind::set:
        return set(part, next);
      case Part::Kind::braces:
        return braces(part, next, depth);
      case Part::Kind::one:
        break;
    }
    const std::size_t state = add(Kind::one, next);
    states_[state].point = pattern_[part.end - 1];
    return state;
  }
  std::size_t loop(State::Kind kind, std::size_t next) {
    const std::size_t fork = add(State::Kind::fork, next);
    states_[fork].other = add(kind, fork);
    return fork;
  }
  std::size_t set(const Part& part, std::size_t next) {
    State state;
    state.kind = State::Kind::set;
    state.next = next;
    std::size_t i = part.begin + 1;
    if (pattern_[i] == U'!' || pattern_[i] == U'^') {
      state.negated = true;
      ++i;
    }
    while (i < part.end - 1) {
      const char32_t low = pattern_[i];
      const bool range = i + 2 < part.end - 1 && pattern_[i + 1] == U'-';
      const char32_t high = range ? pattern_[i + 2] : low;
      if (high < low) throw Wrong{"a range in `[]` runs backwards"};
      state.ranges.emplace_back(low, high);
      i += range ? 3 : 1;
    }
    return add(std::move(state));
  }
  std::size_t braces(const Part& part, std::size_t next, int depth) {
    std::vector<std::pair<std::size_t, std::size_t>> choices;
    std::size_t from = part.begin + 1;
    for (std::size_t i = from; i < part.end; ++i) {
      const char32_t c = pattern_[i];
      if (c == U'\\') {
        ++i;
      } else if (c == U'[') {
        i = end_of_set(i, part.end) - 1;
      } else if (c == U'{') {
        i = end_of_braces(i, part.end) - 1;
      } else if (c == U',' || i + 1 == part.end) {
        choices.emplace_back(from, i);
        from = i + 1;
      }
    }
    std::size_t entry = parse(choices.back().first, choices.back().second, next, depth + 1);
    choices.pop_back();
    for (; !choices.empty(); choices.pop_back())
      entry = add(State::Kind::fork, parse(choices.back().first, choices.back().second, next, depth + 1), entry);
    return entry;
  }

  std::u32string pattern_;
  std::vector<State> states_;
  std::size_t start_ = 0;
};

}  // namespace

// What a glob has met so far is kept: a text costs a look-up for each character that came after the same ones before.
class Globs::Machine {
 public:
  explicit Machine(std::string_view pattern) : glob_(pattern) {}

  bool match(std::string_view text) {
    std::size_t now = known_.empty() ? learn(glob_.begin()) : 0;
    for (const char32_t point : decode(text)) {
      if (known_[now].standing.empty()) return false;
      now = next(now, point);
    }
    return known_[now].accepts;
  }

 private:
  static constexpr std::size_t most_known = 512;
  static constexpr std::size_t most_apart = 4096;
  static constexpr std::uint16_t not_yet = 0xFFFF;
  struct Known {
    Glob::Standing standing;
    bool accepts = false;
    std::array<std::uint16_t, 128> next{};
  };

  std::size_t next(std::size_t now, char32_t point) {
    const bool plain = point < known_[now].next.size();
    if (plain && known_[now].next[point] != not_yet) return known_[now].next[point];
    if (!plain) {
      const auto found = apart_.find({now, point});
      if (found != apart_.end()) return found->second;
    }
    auto standing = glob_.after(known_[now].standing, point);
    if (known_.size() >= most_known || apart_.size() >= most_apart) {
      forget();
      return learn(std::move(standing));
    }
    const auto later = learn(std::move(standing));
    if (plain)
      known_[now].next[point] = static_cast<std::uint16_t>(later);
    else
      apart_[{now, point}] = later;
    return later;
  }
  std::size_t learn(Glob::Standing standing) {
    const auto found = places_.find(standing);
    if (found != places_.end()) return found->second;
    Known known;
    known.next.fill(not_yet);
    known.accepts = glob_.accepts(standing);
    known.standing = standing;
    known_.push_back(std::move(known));
    places_.emplace(std::move(standing), known_.size() - 1);
    return known_.size() - 1;
  }
  // The beginning stays the first.
  void forget() {
    known_.clear();
    places_.clear();
    apart_.clear();
    learn(glob_.begin());
  }

  Glob glob_;
  std::vector<Known> known_;
  std::map<Glob::Standing, std::size_t> places_;
  std::map<std::pair<std::size_t, char32_t>, std::size_t> apart_;
};

Globs::Globs(const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns) {
    try {
      machines_.push_back(std::make_unique<Machine>(pattern));
      const auto plain = pattern.substr(0, pattern.find_first_of("*?[{\\"));
      folders_.push_back(plain.substr(0, plain.rfind('/') + 1));
    } catch (const Wrong&) {
      machines_.push_back(nullptr);
    }
  }
}
Globs::~Globs() = default;
Globs::Globs(Globs&&) noexcept = default;
Globs& Globs::operator=(Globs&&) noexcept = default;

bool Globs::match(std::string_view text) {
  for (std::size_t place = 0; place < machines_.size(); ++place) {
    if (match(place, text)) return true;
  }
  return false;
}

bool Globs::may_match_below(std::string_view folder) const {
  const auto below = std::string(folder) + "/";
  return std::any_of(folders_.begin(), folders_.end(),
                     [&](const auto& known) { return known.starts_with(below) || below.starts_with(known); });
}

bool Globs::match(std::size_t place, std::string_view text) {
  return machines_.at(place) && machines_[place]->match(text);
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  return any_glob_matches({std::string(pattern)}, text);
}

bool any_glob_matches(const std::vector<std::string>& patterns, std::string_view text) {
  for (const std::string& pattern : patterns) {
    try {
      if (Glob(pattern).matches(text)) return true;
    } catch (const Wrong&) {
      continue;
    }
  }
  return false;
}

std::string glob_problem(std::string_view pattern) {
  try {
    Glob glob(pattern);
    return {};
  } catch (const Wrong& wrong) {
    return wrong.problem;
  }
}

}  // namespace quietgate
