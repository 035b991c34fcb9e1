#include "runner/api/json_body.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

JsonBody body_of(const std::string& text) {
  ApiRequest request;
  request.body = text;
  return {request, {"reason", "override"}};
}

TEST(JsonBody, NoBodyIsAnEmptyObject) {
  auto body = body_of("");
  EXPECT_EQ(body.text("reason"), "");
  EXPECT_TRUE(body.flag("override", true));
  EXPECT_FALSE(body.has("override"));
  EXPECT_EQ(body.problem(), "");
}

TEST(JsonBody, FieldsAreRead) {
  auto body = body_of(R"({"reason":"known","override":true})");
  EXPECT_EQ(body.reason(), "known");
  EXPECT_TRUE(body.flag("override", false));
  EXPECT_TRUE(body.has("override"));
  EXPECT_EQ(body.problem(), "");
}

TEST(JsonBody, WhatIsWrongFirstIsTold) {
  EXPECT_EQ(body_of("[]").problem(), "the body is not a JSON object");
  EXPECT_EQ(body_of("{").problem(), "the body is not a JSON object");
  EXPECT_EQ(body_of(R"({"raeson":"x"})").problem(), "the field `raeson` is not known");
  auto twice = body_of(R"({"reason":7,"override":"yes"})");
  twice.text("reason");
  twice.flag("override", false);
  EXPECT_EQ(twice.problem(), "`reason` is a string");
  auto lines = body_of(R"({"reason":"a\nb"})");
  lines.text("reason");
  EXPECT_EQ(lines.problem(), "`reason` is one line of at most 2000 bytes");
  auto blank = body_of(R"({"reason":"  "})");
  blank.reason();
  EXPECT_EQ(blank.problem(), "`reason` is needed: it is kept with the evidence");
}

}  // namespace
}  // namespace quietgate
