#include "runner/base/text.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(Text, ReadsOneCharacterAfterTheOther) {
  const std::pair<std::string_view, char32_t> good[] = {
      {"a", 'a'}, {"\xc3\xa9", 0xE9}, {"\xe2\x82\xac", 0x20AC}, {"\xf0\x9f\x98\x80", 0x1F600}};
  for (const auto& [text, code] : good) {
    const auto character = first_character(text);
    EXPECT_TRUE(character.valid) << text;
    EXPECT_EQ(character.code, code);
    EXPECT_EQ(character.bytes, text.size());
  }
  for (std::string_view bad : {"\xff", "\x80", "\xc0\xaf", "\xe2\x82", "\xe2(\xa1", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                               "\xe0\x80\xaf", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(first_character(bad).valid) << bad;
    EXPECT_EQ(first_character(bad).bytes, 1U);
  }
}

TEST(Text, KnowsWhatWouldActOnATerminal) {
  for (char32_t code : {0x1b, 0x00, 0x0a, 0x7f, 0x9b, 0x202a, 0x202e, 0x2066, 0x2069, 0x200e, 0x200f, 0x061c, 0x2028,
                        0x2029, 0xfff9, 0xfffb})
    EXPECT_FALSE(is_printable(code)) << static_cast<unsigned>(code);
  for (char32_t code : {0x20, 0x7e, 0xe9, 0x4e00, 0x1f600, 0xa0, 0x0627, 0x200b, 0x200d, 0xfffd})
    EXPECT_TRUE(is_printable(code)) << static_cast<unsigned>(code);
}

TEST(Text, CountsColumns) {
  EXPECT_EQ(columns_of(U'a'), 1);
  EXPECT_EQ(columns_of(U'\u00e9'), 1);
  EXPECT_EQ(columns_of(U'\u0301'), 0);
  EXPECT_EQ(columns_of(U'\u65e5'), 2);
  EXPECT_EQ(columns_of(U'\U0001F600'), 2);
  EXPECT_EQ(columns_of(U'\u200d'), 0);
  EXPECT_EQ(columns_of(U'\u2705'), 2);
  EXPECT_EQ(columns_of(first_character("\x9b").code), 1) << "U+FFFD stands for it";
}

TEST(Text, TellsUtf8FromOtherBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xc3\xa9\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("a\xff"));
  EXPECT_FALSE(is_utf8("caf\xc3"));
}

TEST(Text, CutsBetweenCharacters) {
  const std::string_view text = "a\xe2\x82\xac\xc3\xa9";
  EXPECT_EQ(cut_to_bytes(text, 100), text);
  EXPECT_EQ(cut_to_bytes(text, 6), text);
  EXPECT_EQ(cut_to_bytes(text, 5), "a\xe2\x82\xac");
  EXPECT_EQ(cut_to_bytes(text, 4), "a\xe2\x82\xac");
  EXPECT_EQ(cut_to_bytes(text, 3), "a");
  EXPECT_EQ(cut_to_bytes("\x80\x80\x80", 2), "");
}

TEST(Text, KnowsHowLongACharacterIsFromItsFirstByte) {
  const std::pair<char, std::size_t> all[] = {{'a', 1},    {'\xc3', 2}, {'\xe2', 3},
                                              {'\xf0', 4}, {'\x80', 1}, {'\xff', 1}};
  for (const auto& [lead, bytes] : all) EXPECT_EQ(character_length(lead), bytes);
}

}  // namespace
}  // namespace quietgate
