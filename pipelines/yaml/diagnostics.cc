#include "pipelines/yaml/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "runner/base/text.h"

namespace quietgate {

namespace {

constexpr std::size_t max_printed = 50;
constexpr std::size_t max_kept = 100;
constexpr std::size_t max_text = 2000;  // bytes of a message, of what was expected and of a hint
constexpr std::size_t block = 64;
constexpr std::size_t max_line = 160;  // characters of a source line that are shown

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Two rows and one more, so that a swap of neighbours counts as one edit.
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

void cut(std::string& text) {
  if (text.size() <= max_text) return;
  text.resize(cut_to_bytes(text, max_text).size());
  text += "...";
}

// Control characters would change the terminal, not the text; bytes that are no UTF-8 could be handed on by nobody.
// Stray bytes within a character take no place of their own: see begins_character.
std::string with_its_columns(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto character = first_character(text);
    if (text.front() == '\t' || (character.valid && is_printable(character.code))) {
      out += text.substr(0, character.bytes);
    } else if (begins_character(text.front())) {
      out += '?';
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

}  // namespace

SourceText::SourceText(std::string path, std::string_view text) : path_(std::move(path)), text_(text), starts_{0} {
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % block == 0) marks_.push_back(before);
    if (begins_character(text[i])) ++before;
    if (text[i] == '\n' && i + 1 < text.size()) starts_.push_back(i + 1);
  }
  marks_.push_back(before);
}

// Where the line's text ends, before its line end.
std::size_t SourceText::line_end(std::size_t number) const {
  const std::size_t start = starts_[number - 1];
  std::size_t end = number < starts_.size() ? starts_[number] : text_.size();
  if (end > start && text_[end - 1] == '\n') --end;
  if (end > start && text_[end - 1] == '\r') --end;
  return end;
}

std::size_t SourceText::characters_before(std::size_t offset) const {
  const std::size_t mark = std::min(offset / block, marks_.size() - 1);
  return marks_[mark] + (offset > mark * block ? characters(text_.substr(mark * block, offset - mark * block)) : 0);
}

std::string_view SourceText::line(std::size_t number) const {
  if (number < 1 || number > starts_.size()) return {};
  const std::size_t start = starts_[number - 1];
  return text_.substr(start, line_end(number) - start);
}

Position SourceText::position(std::size_t offset, std::size_t length_in_bytes) const {
  offset = std::min(offset, text_.size());
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto number = static_cast<std::size_t>(next - starts_.begin());
  const std::size_t start = starts_[number - 1];
  const std::size_t end = std::max(offset, std::min(offset + length_in_bytes, line_end(number)));
  Position at;
  at.line = number;
  at.column = 1 + characters_before(offset) - characters_before(start);
  at.length = std::max<std::size_t>(1, characters_before(end) - characters_before(offset));
  return at;
}

std::size_t SourceText::offset(std::size_t line, std::size_t byte_column) const {
  if (line >= starts_.size()) return text_.size();
  return std::min(starts_[line] + byte_column, text_.size());
}

void Diagnostics::add(Position at, std::string message, std::string expected, std::string hint) {
  if (all_.size() >= max_kept) throw ReadingEnded{};
  for (std::string* text : {&message, &expected, &hint}) cut(*text);
  Diagnostic diagnostic{at, std::move(message), std::move(expected), std::move(hint)};
  if (std::find(all_.begin(), all_.end(), diagnostic) == all_.end()) all_.push_back(std::move(diagnostic));
  if (all_.size() >= max_kept) throw ReadingEnded{};
}

void Diagnostics::warn(Position at, std::string message, std::string hint) {
  cut(message);
  const auto before = [](const Position& a, const Diagnostic& b) {
    return std::tie(a.line, a.column) < std::tie(b.at.line, b.at.column);
  };
  warnings_.insert(std::upper_bound(warnings_.begin(), warnings_.end(), at, before),
                   {at, std::move(message), {}, std::move(hint)});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> out = all_;
  std::stable_sort(out.begin(), out.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.at.line, a.at.column) < std::tie(b.at.line, b.at.column);
  });
  return out;
}

std::string Diagnostics::print() const {
  std::string out;
  const std::vector<Diagnostic> all = sorted();
  for (std::size_t i = 0; i < std::min(all.size(), max_printed); ++i) {
    out += quietgate::print(source_, all[i], !hidden_.contains(all[i].at.line));
  }
  const bool ended = all.size() >= max_kept;
  if (all.size() > max_printed)
    out += fmt::format("... and {}{} more errors\n", ended ? "at least " : "", all.size() - max_printed);
  return out;
}

std::string Diagnostics::print_warnings() const {
  std::string out;
  for (const Diagnostic& warning : warnings_)
    out += quietgate::print(source_, warning, !hidden_.contains(warning.at.line), Weight::warning);
  return out;
}

std::string print(const SourceText& source, const Diagnostic& diagnostic, bool show_line, Weight weight) {
  const Position& at = diagnostic.at;
  std::string out = fmt::format("{}:{}:{}: {}: {}\n", with_its_columns(source.path()), at.line, at.column,
                                weight == Weight::error ? "error" : "warning", with_its_columns(diagnostic.message));
  const std::string_view line = source.line(at.line);
  const std::string gutter(6, ' ');
  if (show_line && !line.empty() && at.column <= max_line) {
    std::string shown;
    std::string under;
    std::size_t column = 0;
    for (const char c : line) {
      if (begins_character(c) && ++column > max_line) break;
      shown += c;
      if (!begins_character(c)) continue;
      if (column < at.column) under += c == '\t' ? '\t' : ' ';
      if (column == at.column) under += '^';
      if (column > at.column && column < at.column + at.length) under += '~';
    }
    if (column < at.column) under += std::string(at.column - column - 1, ' ') + '^';
    out += fmt::format("{:>5} | {}\n{}| {}\n", at.line, with_its_columns(shown), gutter, under);
  }
  if (!diagnostic.expected.empty())
    out += fmt::format("{}= expected {}\n", gutter, with_its_columns(diagnostic.expected));
  if (!diagnostic.hint.empty()) out += fmt::format("{}= {}\n", gutter, with_its_columns(diagnostic.hint));
  return out;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& words) {
  if (word.size() > 100) return {};
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : words) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    if (longer - std::min(word.size(), candidate.size()) >= least) continue;  // as many edits at the least
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= least || distance >= candidate.size()) continue;
    least = distance;
    best = &candidate;
  }
  return best ? fmt::format("did you mean `{}`?", *best) : std::string();
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

std::string shortened(const std::vector<std::string>& words, std::size_t most) {
  if (words.size() <= most) return joined(words);
  return joined({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(most)}) +
         fmt::format(" and {} more", words.size() - most);
}

}  // namespace quietgate
