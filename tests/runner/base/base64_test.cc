#include "runner/base/base64.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(Base64, OfEveryLength) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("AA=="), std::string(1, '\0'));
  EXPECT_EQ(from_base64("/////w=="), "\xff\xff\xff\xff");
  EXPECT_EQ(from_base64("YWJj"), "abc");
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64(std::string(1, '\0')), "AA==");
  EXPECT_EQ(to_base64("\xff\xff\xff\xff"), "/////w==");
  EXPECT_EQ(to_base64("abc"), "YWJj");
  EXPECT_EQ(to_base64("ab"), "YWI=");
}

}  // namespace
}  // namespace quietgate
