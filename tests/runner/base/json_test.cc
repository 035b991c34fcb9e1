#include "runner/base/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace quietgate {
namespace {

TEST(Json, ReadsWhatATextSays) {
  const auto json = parse_json(R"({"name": "unit", "ports": [80, 443]})");
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["name"], "unit");
  EXPECT_EQ(json["ports"][1], 443);
}

TEST(Json, SaysOfAnythingElseThatItIsNoJson) {
  for (const auto* text : {"", "{", "{} {}", "name: unit"}) EXPECT_TRUE(parse_json(text).is_discarded()) << text;
}

TEST(Json, WritesOneLineOrIndents) {
  EXPECT_EQ(json_text(nlohmann::json{{"b", 1}, {"a", 2}}), R"({"a":2,"b":1})");
  EXPECT_EQ(json_text(nlohmann::json{{"a", 2}}, 1), "{\n \"a\": 2\n}");
}

TEST(Json, KeepsAnOrder) {
  EXPECT_EQ(json_text(nlohmann::ordered_json{{"b", 1}, {"a", 2}}), R"({"b":1,"a":2})");
}

TEST(Json, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(json_text(nlohmann::json("a\xFFz")), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(json_text(nlohmann::ordered_json("a\xFFz")), "\"a\xEF\xBF\xBDz\"");
}

}  // namespace
}  // namespace quietgate
