#include "runner/base/json_tree.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

using Kind = JsonTree::Kind;

TEST(JsonTree, HoldsWhatIsNested) {
  const JsonTree tree(R"({"a":[1,-2,{"b":"c"},[]],"d":null,"e":1.5,"f":true})");
  const auto& root = tree.root();
  ASSERT_TRUE(root.is(Kind::object));
  std::string keys;
  for (const auto& each : root) keys += each.key;
  EXPECT_EQ(keys, "adef");
  const auto* list = root.find("a");
  ASSERT_NE(list, nullptr);
  std::vector<Kind> kinds;
  for (const auto& each : *list) kinds.push_back(each.kind);
  EXPECT_EQ(kinds, (std::vector<Kind>{Kind::natural, Kind::integer, Kind::object, Kind::list}));
  EXPECT_EQ((*++(++list->begin())).find("b")->text, "c");
  EXPECT_TRUE(root.find("d")->is(Kind::null));
  EXPECT_EQ(root.find("e")->number<double>(), 1.5);
  EXPECT_TRUE(root.find("f")->boolean);
  EXPECT_EQ(root.find("b"), nullptr) << "it is further down";
  EXPECT_EQ(list->find("b"), nullptr) << "a list has no keys";
}

TEST(JsonTree, NumbersKeepAllTheirBits) {
  const JsonTree tree("[9223372036854775807,-9223372036854775808,18446744073709551615,0.1]");
  auto at = tree.root().begin();
  EXPECT_EQ((*at).number<std::int64_t>(), INT64_MAX);
  EXPECT_EQ((*++at).number<std::int64_t>(), INT64_MIN);
  EXPECT_EQ((*++at).number<std::uint64_t>(), UINT64_MAX);
  EXPECT_EQ((*++at).number<double>(), 0.1);
}

TEST(JsonTree, OneValueAloneIsATree) {
  EXPECT_EQ(JsonTree("\"\\u00e9\\n\"").root().text, "\u00e9\n");
  const JsonTree none("{}");
  EXPECT_FALSE(none.root().begin() != none.root().end());
}

TEST(JsonTree, IsWrittenAsItWasReadWithItsTextsChanged) {
  const std::string text = R"({"a":[1,-2,18446744073709551615,0.5,true,null],"b":{"c":"x\n"},"d":[]})";
  EXPECT_EQ(json_of(JsonTree(text).root()), text);
  const auto quoted = [](std::string& value) { value = "\"" + value; };
  EXPECT_EQ(json_of(JsonTree(R"({"x":["x",1]})").root(), quoted), R"({"x":["\"x",1]})");
}

TEST(JsonTree, WhatIsNoJsonIsAnErrorThatNamesThePlace) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":}", "nul", "\"\xff\"", "[] []"}) {
    try {
      const JsonTree tree(text);
      FAIL() << text;
    } catch (const std::runtime_error& error) {
      EXPECT_NE(std::string(error.what()).find("column"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace quietgate
