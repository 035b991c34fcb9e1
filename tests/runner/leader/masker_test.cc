#include "runner/leader/masker.h"

#include <gtest/gtest.h>

#include <random>

namespace quietgate {

namespace {

// Feeds the text in pieces of the given sizes (the last one repeats), as a reader of a pipe does.
std::string in_pieces(const std::string& text, const std::vector<std::string>& secrets, std::size_t piece) {
  Masker masker(secrets);
  std::string result;
  std::string held;
  std::vector<std::string_view> out;
  auto pass = [&](bool last) {
    out.clear();
    const auto done = masker.mask(held, last, out);
    for (auto part : out) result += part;
    held.erase(0, done);
    EXPECT_LE(held.size(), masker.most_held());
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    held += text.substr(at, piece);
    pass(false);
  }
  pass(true);
  return result;
}

// What masking means, in the plainest way: bytes of any occurrence are hidden, overlapping occurrences as one.
std::string plainly(const std::string& text, const std::vector<std::string>& patterns) {
  std::string result;
  std::size_t hidden = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t length = 0;
    for (const auto& pattern : patterns) {
      if (text.compare(at, pattern.size(), pattern) == 0) length = std::max(length, pattern.size());
    }
    if (length != 0 && at >= hidden) result += "***";
    hidden = std::max(hidden, length == 0 ? 0 : at + length);
    if (at >= hidden) result += text[at];
  }
  return result;
}

TEST(Mask, HidesEveryOccurrence) {
  EXPECT_EQ(masked("a token-1 and token-1.", {"token-1"}), "a *** and ***.");
  EXPECT_EQ(masked("token-1token-1", {"token-1"}), "******");
  EXPECT_EQ(masked("nothing", {"token-1"}), "nothing");
  EXPECT_EQ(masked("", {"token-1"}), "");
}

TEST(Mask, LongestWinsAndOverlapsLeaveNothing) {
  EXPECT_EQ(masked("password123!", {"password", "password123"}), "***!");
  EXPECT_EQ(masked("xabcdex", {"abc", "cde"}), "x***x");
  EXPECT_EQ(masked("aaaaa", {"aa"}), "***");
}

TEST(Mask, EmptySecretsHideNothing) {
  EXPECT_TRUE(Masker({"", "\n"}).has_no_secrets());
  EXPECT_EQ(masked("a\nb", {"", "\n"}), "a\nb");
}

TEST(Mask, SeveralLinesAreHiddenAsAWholeAndLineByLine) {
  const std::string key = "-----BEGIN-----\nMIIEvQ\nab\n-----END-----\n";
  EXPECT_EQ(masked(key, {key}), "***\n");
  EXPECT_EQ(masked("  MIIEvQ\r\n  ab\n  -----END-----", {key}), "  ***\r\n  ab\n  ***");
  EXPECT_EQ(masked("token\n", {"token\n"}), "***\n");
}

TEST(Mask, BytesOfAnyKindAreSearched) {
  const std::string secret("\0\xff\x80z", 4);
  EXPECT_EQ(masked("a" + secret + "b", {secret}), "a***b");
}

TEST(Mask, WhatCannotBeASecretIsNotHeldBack) {
  Masker masker({"password"});
  std::vector<std::string_view> out;
  EXPECT_EQ(masker.mask("Login: ", false, out), 7U);
  EXPECT_EQ(masker.mask("my pass", false, out), 3U);
}

TEST(Mask, ASecretCutAnywhereIsHidden) {
  const std::string text = "x=secret-value; y=secret-value-2;\n";
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    EXPECT_EQ(in_pieces(text, {"secret-value", "secret-value-2"}, piece), "x=***; y=***;\n") << piece;
  }
}

TEST(Mask, ManySecretsAreAllHidden) {
  std::vector<std::string> secrets;
  std::string text;
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    secrets.push_back("secret-" + std::to_string(1000 + i) + std::string(static_cast<std::size_t>(i), '='));
    text += "value " + secrets.back() + " end\n";
    expected += "value *** end\n";
  }
  EXPECT_EQ(masked(text, secrets), expected);
}

TEST(Mask, AgreesWithThePlainWayOnRandomTexts) {
  std::mt19937 random(20261123);
  auto letters = [&](std::size_t size) {
    std::string text;
    while (text.size() < size) text += static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> secrets;
    for (std::size_t i = 0; i < 1 + random() % 10; ++i) secrets.push_back(letters(1 + random() % 6));
    const auto text = letters(random() % 60);
    const auto expected = plainly(text, secrets);
    ASSERT_EQ(masked(text, secrets), expected) << text;
    ASSERT_EQ(in_pieces(text, secrets, 1 + random() % 7), expected) << text;
  }
}

}  // namespace

}  // namespace quietgate
