// The errors in a user's file, with their places: all of them are collected, and printed as `file:line:column: error:
// message`, the line, a caret, what was expected, "did you mean".
#pragma once

#include <cstdint>
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
  std::string expected;  // valid values; may be empty
  std::string hint;      // `did you mean ...` or advice; may be empty
  bool operator==(const Diagnostic&) const = default;
};

// Thrown to stop reading if it would find nothing more or take too much; the diagnostics say why. Caught by the
// functions that read a whole file.
struct ReadingEnded {};

// A file's text by lines. Keeps a reference: the text must outlive it.
class SourceText {
 public:
  SourceText(std::string path, std::string_view text);
  const std::string& path() const { return path_; }
  std::string_view text() const { return text_; }
  std::size_t line_count() const { return starts_.size(); }
  // The line (from 1) without its line end; empty if there is no such line.
  std::string_view line(std::size_t number) const;
  // The place of a byte of the text, and back; both clamp to the text.
  Position position(std::size_t offset, std::size_t length_in_bytes = 1) const;
  std::size_t offset(std::size_t line, std::size_t byte_column) const;  // both from 0, as yaml-cpp counts

 private:
  std::size_t line_end(std::size_t number) const;
  std::size_t characters_before(std::size_t offset) const;

  std::string path_;
  std::string_view text_;
  std::vector<std::size_t> starts_;
  std::vector<std::uint32_t> marks_;  // characters before every block of bytes: a line may be as long as the file
};

class Diagnostics {
 public:
  explicit Diagnostics(const SourceText& source) : source_(source) {}
  // The same diagnostic at the same place is kept once. Throws ReadingEnded with the hundredth, to limit the time for
  // files with many errors.
  void add(Position at, std::string message, std::string expected = {}, std::string hint = {});
  // A warning: valid text that is probably a mistake. Kept apart from errors.
  void warn(Position at, std::string message, std::string hint = {});
  // The line may hold a secret: it is never printed with a diagnostic.
  void hide_line(std::size_t line) { hidden_.insert(line); }
  bool empty() const { return all_.empty(); }
  std::size_t count() const { return all_.size(); }
  const SourceText& source() const { return source_; }
  std::vector<Diagnostic> sorted() const;  // errors, by place
  // By place.
  const std::vector<Diagnostic>& warnings() const { return warnings_; }
  // Every diagnostic as printed (the first 50, then how many more); each ends with a newline.
  std::string print() const;
  std::string print_warnings() const;

 private:
  const SourceText& source_;
  std::vector<Diagnostic> all_;
  std::vector<Diagnostic> warnings_;
  std::set<std::size_t> hidden_;
};

enum class Weight { error, warning };
std::string print(const SourceText& source, const Diagnostic& diagnostic, bool show_line = true,
                  Weight weight = Weight::error);

// ``did you mean `needs`?`` if one of the words is similar enough, else empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& words);
// `a, b, c`.
std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ");
// Like joined(), with at most `most` words: `a, b and 7 more`.
std::string shortened(const std::vector<std::string>& words, std::size_t most = 10);

}  // namespace quietgate
