#include "runner/leader/mask.h"

#include <algorithm>
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
    ends_.emplace_back(block(patterns_[i].data() + shortest_ - width), i);
  }
  std::sort(ends_.begin(), ends_.end());
}

std::uint16_t Masker::block(const char* at) const {
  if (shortest_ == 1) return static_cast<unsigned char>(*at);
  std::uint16_t pair = 0;
  std::memcpy(&pair, at, sizeof pair);
  return pair;
}

Masker::Match Masker::next_match(std::string_view text, std::size_t from) const {
  const auto to_block = shortest_ - std::min<std::size_t>(shortest_, 2);
  for (std::size_t at = from; at + shortest_ <= text.size();) {
    const auto seen = block(text.data() + at + to_block);
    const auto skip = skip_[seen];
    if (skip != 0) {
      at += skip;
      continue;
    }
    std::size_t length = 0;
    auto end = std::lower_bound(ends_.begin(), ends_.end(), std::pair<std::uint16_t, std::size_t>{seen, 0});
    for (; end != ends_.end() && end->first == seen; ++end) {
      const auto& pattern = patterns_[end->second];
      if (pattern.size() > length && text.substr(at, pattern.size()) == pattern) length = pattern.size();
    }
    if (length != 0) return {at, length};
    ++at;
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
  if (idle()) {
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
