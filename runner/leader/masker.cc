#include "runner/leader/masker.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

namespace quietgate {

namespace {

std::vector<std::string> patterns_of(const std::vector<std::string>& secrets) {
  std::vector<std::string> patterns;
  for (const auto& secret : secrets) {
    // A secret read from a file often ends in a newline that its user cut off.
    auto whole = std::string_view(secret);
    while (!whole.empty() && (whole.back() == '\n' || whole.back() == '\r')) whole.remove_suffix(1);
    if (whole.empty()) continue;
    patterns.emplace_back(whole);
    if (whole.find('\n') == std::string_view::npos) continue;
    for (std::size_t begin = 0; begin < whole.size();) {
      auto end = std::min(whole.find('\n', begin), whole.size());
      auto line = whole.substr(begin, end - begin);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.size() >= Masker::shortest_line) patterns.emplace_back(line);
      begin = end + 1;
    }
  }
  std::sort(patterns.begin(), patterns.end());
  patterns.erase(std::unique(patterns.begin(), patterns.end()), patterns.end());
  return patterns;
}

}  // namespace

Masker::Masker(const std::vector<std::string>& secrets) : patterns_(patterns_of(secrets)) {
  if (patterns_.empty()) return;
  shortest_ = 255;
  for (const auto& pattern : patterns_) {
    shortest_ = std::min(shortest_, pattern.size());
    longest_ = std::max(longest_, pattern.size());
    first_[static_cast<unsigned char>(pattern[0])] = true;
  }
  const auto width = std::min<std::size_t>(shortest_, 2);
  skip_.assign(width == 2 ? 65536 : 256, static_cast<std::uint8_t>(shortest_ - width + 1));
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    for (std::size_t at = 0; at + width <= shortest_; ++at) {
      auto& skip = skip_[block(patterns_[i].data() + at)];
      skip = std::min(skip, static_cast<std::uint8_t>(shortest_ - width - at));
    }
  }
}

std::uint16_t Masker::block(const char* at) const {
  if (shortest_ == 1) return static_cast<unsigned char>(*at);
  std::uint16_t pair = 0;
  std::memcpy(&pair, at, sizeof pair);
  return pair;
}

// The length of the longest pattern that stands at that place; 0 when none does.
std::size_t Masker::longest_at(std::string_view text, std::size_t at) const {
  if (!first_[static_cast<unsigned char>(text[at])]) return 0;
  std::size_t length = 0;
  for (const auto& pattern : patterns_) {
    if (pattern.size() > length && text.substr(at, pattern.size()) == pattern) length = pattern.size();
  }
  return length;
}

// Goes on to the next place, not before `at`, where the first and the last byte of some pattern stand: sixteen places
// at a time. Stops short of the end, where the search goes on by pairs, as it does when the patterns are many.
std::size_t Masker::leap(std::string_view text, std::size_t at) const {
#ifdef __SSE2__
  constexpr std::size_t step = 16;
  constexpr std::size_t most = 8;
  struct Probe {
    __m128i first;
    __m128i last;
    std::size_t distance;
  };
  const auto count = patterns_.size();
  if (count > most) return at;
  std::array<Probe, most> probes;  // NOLINT: filled as far as it is used
  for (std::size_t i = 0; i < count; ++i) {
    probes[i] = {_mm_set1_epi8(patterns_[i].front()), _mm_set1_epi8(patterns_[i].back()), patterns_[i].size() - 1};
  }
  const auto load = [&](std::size_t from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + from));
  };
  for (; at + longest_ - 1 + step <= text.size(); at += step) {
    const auto here = load(at);
    auto found = _mm_setzero_si128();
    for (std::size_t i = 0; i < count; ++i) {
      const auto both = _mm_and_si128(_mm_cmpeq_epi8(here, probes[i].first),
                                      _mm_cmpeq_epi8(load(at + probes[i].distance), probes[i].last));
      found = _mm_or_si128(found, both);
    }
    const auto places = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (places != 0) return at + static_cast<std::size_t>(std::countr_zero(places));
  }
#endif
  return at;
}

Masker::Match Masker::next_match(std::string_view text, std::size_t from) const {
  const auto to_block = shortest_ - std::min<std::size_t>(shortest_, 2);
  for (auto at = leap(text, from); at + shortest_ <= text.size();) {
    const auto skip = skip_[block(text.data() + at + to_block)];
    if (skip != 0) {
      at = leap(text, at + skip);
      continue;
    }
    const auto length = longest_at(text, at);
    if (length != 0) return {at, length};
    at = leap(text, at + 1);
  }
  return {text.size(), 0};
}

std::size_t Masker::first_held(std::string_view text) const {
  for (std::size_t at = text.size() - std::min(text.size(), most_held()); at < text.size(); ++at) {
    if (!first_[static_cast<unsigned char>(text[at])]) continue;
    const auto tail = text.substr(at);
    for (const auto& pattern : patterns_) {
      if (pattern.size() > tail.size() && std::string_view(pattern).substr(0, tail.size()) == tail) return at;
    }
  }
  return text.size();
}

std::size_t Masker::mask(std::string_view text, bool last, std::vector<std::string_view>& out) {
  if (has_no_secrets()) {
    if (!text.empty()) out.push_back(text);
    return text.size();
  }
  const auto until = last ? text.size() : first_held(text);
  std::size_t hidden = covered_;  // up to here all is written or hidden
  for (auto match = next_match(text, 0); match.length != 0 && match.start < until;
       match = next_match(text, match.start + 1)) {
    if (match.start >= hidden) {
      if (match.start > hidden) out.push_back(text.substr(hidden, match.start - hidden));
      out.push_back("***");
    }
    hidden = std::max(hidden, match.start + match.length);
  }
  if (hidden < until) out.push_back(text.substr(hidden, until - hidden));
  covered_ = hidden > until ? hidden - until : 0;
  return until;
}

std::string masked(std::string_view text, const std::vector<std::string>& secrets) {
  Masker masker(secrets);
  std::vector<std::string_view> pieces;
  masker.mask(text, true, pieces);
  std::string result;
  for (auto piece : pieces) result += piece;
  return result;
}

}  // namespace quietgate
