#include "runner/base/json_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace quietgate {
namespace {

template <class T>
std::string written(T value) {
  std::string text = "before ";
  add_json(text, value);
  return text.substr(7);
}

// Hashes of plans are taken over these texts: they are what they were when the library wrote them.
TEST(JsonText, IsWhatTheLibraryWrites) {
  std::string all;
  for (int byte = 0; byte < 128; ++byte) all += static_cast<char>(byte);
  for (const std::string& text :
       {std::string(), std::string("plain"), std::string("a\"b\\c\n"), std::string("\u00e9\U0001F600"), all})
    EXPECT_EQ(written(std::string_view(text)), nlohmann::json(text).dump());
  for (const double number : {0.0, 1.0, 0.1, -2.5e-9, 1e300}) EXPECT_EQ(written(number), nlohmann::json(number).dump());
  EXPECT_EQ(written(INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(written(UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(written(true), "true");
}

TEST(JsonText, WhatJsonCanNotHoldIsReplaced) {
  EXPECT_EQ(written(std::string_view("a\xff")), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(written(std::nan("")), "null");
}

}  // namespace
}  // namespace quietgate
