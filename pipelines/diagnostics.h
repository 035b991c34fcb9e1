// What is wrong in a file that a user wrote, and where: collected (all of it, not only the first) and printed as
// `file:line:column: error: message`, the line, a caret, what was expected, "did you mean".
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

// A place in a file. Line and column start at 1; the column counts characters (code points), not bytes.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
  std::size_t length = 1;  // characters to underline; at least 1
  bool operator==(const Position&) const = default;
};

struct Diagnostic {
  Position at;
  std::string message;
  std::string expected;  // what would be right; may be empty
  std::string hint;      // `did you mean ...`, what to do; may be empty
  bool operator==(const Diagnostic&) const = default;
};

// A file's text by lines. Keeps a reference: the text must outlive it.
class SourceText {
 public:
  SourceText(std::string path, std::string_view text);
  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }
  std::size_t line_count() const { return starts_.size(); }
  // The line (from 1) without its line end; empty when there is no such line.
  std::string_view line(std::size_t number) const;
  // The place of a byte of the text, and back; both clamp to the text.
  Position position(std::size_t offset, std::size_t length_in_bytes = 1) const;
  std::size_t offset(std::size_t line, std::size_t byte_column) const;  // both from 0, as yaml-cpp counts

 private:
  std::string path_;
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

class Diagnostics {
 public:
  explicit Diagnostics(const SourceText& source) : source_(source) {}
  // The same diagnostic at the same place is kept once.
  void add(Position at, std::string message, std::string expected = {}, std::string hint = {});
  // The line may hold a secret: it is never printed with a diagnostic.
  void hide_line(std::size_t line) { hidden_.insert(line); }
  bool empty() const { return all_.empty(); }
  std::size_t count() const { return all_.size(); }
  const SourceText& source() const { return source_; }
  std::vector<Diagnostic> sorted() const;  // by place
  // Every diagnostic as printed (the first 50, then how many more); each ends with a newline.
  std::string print() const;

 private:
  const SourceText& source_;
  std::vector<Diagnostic> all_;
  std::set<std::size_t> hidden_;
};

std::string print(const SourceText& source, const Diagnostic& diagnostic, bool show_line = true);

// ``did you mean `needs`?`` when one of the words is near enough to be a slip, else empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& words);
// `a, b, c`.
std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace quietgate
