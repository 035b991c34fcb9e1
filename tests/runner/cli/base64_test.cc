#include "runner/cli/base64.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(Base64, OfEveryLength) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("AA=="), std::string(1, '\0'));
  EXPECT_EQ(from_base64("/////w=="), "\xff\xff\xff\xff");
  EXPECT_EQ(from_base64("YWJj"), "abc");
}

}  // namespace
}  // namespace quietgate
