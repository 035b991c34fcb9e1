#include "runner/cli/terminal/screen_text.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(ScreenText, FitsAndMeasures) {
  const Terminal terminal{true, true, true, 80, 24};
  EXPECT_EQ(columns_of("✓ ab\x1b[31mc\x1b[0m"), 5);
  EXPECT_EQ(fitted(terminal, "abcdef", 4), "abc…");
  EXPECT_EQ(fitted(terminal, "\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
  EXPECT_EQ(printable("a\x1b[1mb\x07"
                      "c\td"),
            "abc d");
  EXPECT_EQ(printable("a\x9b"
                      "31mb\xc2\x9b"
                      "c\u202ed"),
            "a?31mbcd");
  EXPECT_EQ(columns_of("日本 e\u0301 😀"), 9);
  EXPECT_EQ(fitted(terminal, "日本日本", 6), "日本…");
  EXPECT_EQ(fitted(terminal, "日本日本", 5), "日本…");
  EXPECT_EQ(fitted(terminal, "日本日本", 4), "日…");
  EXPECT_EQ(wrapped("one two three", 8, 2), "one two\n  three");
  EXPECT_EQ(printable_lines("a\x1b[1mb\nc"), "ab\nc\n");
  EXPECT_EQ(ago(Time{Milliseconds{1}}, Time{Milliseconds{180'001}}), "3m ago");
}

}  // namespace
}  // namespace quietgate
