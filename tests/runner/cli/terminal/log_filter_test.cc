#include "runner/cli/terminal/log_filter.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

std::string shown(std::string_view bytes, bool colour = true) {
  LogFilter sieve(colour, true);
  auto text = sieve.pass(bytes);
  return text + sieve.end();
}

TEST(TerminalLog, TextAndColoursStay) {
  EXPECT_EQ(shown("plain\ttext\r\n"), "plain\ttext\r\n");
  EXPECT_EQ(shown("caf\xC3\xA9 \xE2\x9C\x93 \xF0\x9F\x9A\x80\n"), "caf\xC3\xA9 \xE2\x9C\x93 \xF0\x9F\x9A\x80\n");
  EXPECT_EQ(shown("\x1b[31mred\x1b[0m\x1b[38;5;9mx\n"), "\x1b[31mred\x1b[0m\x1b[38;5;9mx\n\x1b[0m");
  EXPECT_EQ(shown("\x1b[31mred\n", false), "red\n");
}

TEST(TerminalLog, WhatWouldActOnTheTerminalIsLeftOut) {
  EXPECT_EQ(shown("a\x1b[2Jb\x1b[Hc\x1b[6nd"), "abcd") << "clears, moves, asks";
  EXPECT_EQ(shown("a\x1b]0;title\ab\x1b]52;c;ZXZpbA==\x1b\\c"), "abc") << "retitles, writes the clipboard";
  EXPECT_EQ(shown("a\x1bPq#0~\x1b\\b\x1b"
                  "7c\x1b(0d"),
            "abcd");
  EXPECT_EQ(shown(std::string_view("a\0b\bc\x7f"
                                   "d\x0e"
                                   "e\a",
                                   10)),
            "abcde");
  EXPECT_EQ(shown("a\xC2\x9B"
                  "31mb"),
            "a31mb")
      << "the one-character form of ESC [";
  EXPECT_EQ(shown("a\xE2\x80\xAE"
                  "b"),
            "ab")
      << "turns the direction";
  EXPECT_EQ(shown("a\x1b[31\nb\x1b]0;open\nc"), "a\nb\nc") << "what is left open ends with its line";
  EXPECT_EQ(shown("a\x1b[" + std::string(100, '1') + "mb").substr(0, 1), "a");
}

TEST(TerminalLog, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(shown("a\xff"
                  "b\xc3(c\xe2\x82"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD(c\xEF\xBF\xBD");
  LogFilter ascii(true, false);
  EXPECT_EQ(ascii.pass("a\xff"
                       "b"),
            "a?b");
}

// A stream is cut anywhere.
TEST(TerminalLog, PiecesAreAsTheWhole) {
  const std::string text = "caf\xC3\xA9\x1b[31mred\x1b]0;t\x1b\\ \xF0\x9F\x9A\x80\xff\x1b[0m\x1b[2Jend\n\xE2\x80\xAE.";
  const auto whole = shown(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    LogFilter sieve(true, true);
    auto pieces = sieve.pass(text.substr(0, cut));
    pieces += sieve.pass(text.substr(cut));
    EXPECT_EQ(pieces + sieve.end(), whole) << cut;
  }
}

}  // namespace
}  // namespace quietgate
