#include "stages/prometheus/json_document.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>

namespace quietgate {
namespace {

using Json = nlohmann::json;
using Kind = JsonView::Kind;

// The same values by way of views; duplicates are settled by the tree, as everywhere.
Json tree_of(JsonView view) {
  if (view.is(Kind::null)) return nullptr;
  if (view.is(Kind::boolean)) return view.truth();
  if (view.is(Kind::number)) return view.number();
  if (view.is(Kind::string)) return std::string(view.text());
  Json tree = view.is(Kind::array) ? Json::array() : Json::object();
  for (const auto inside : view) {
    if (view.is(Kind::array)) {
      tree.push_back(tree_of(inside));
    } else {
      tree[std::string(inside.key())] = tree_of(inside);
    }
  }
  return tree;
}

// Both say no, or both say the same.
void expect_as_tree(const std::string& text) {
  const auto tree = Json::parse(text, nullptr, false);
  const auto document = JsonDocument::parse(text);
  ASSERT_EQ(document.has_value(), !tree.is_discarded()) << text;
  if (document) {
    EXPECT_EQ(tree_of(document->root()), tree) << text;
  }
}

TEST(JsonDocument, ReadsWhatATreeHolds) {
  const auto document = JsonDocument::parse(R"( {"a": [1, -2.5e3, {"b": "c"}], "t": true, "f": false, "n": null} )");
  ASSERT_TRUE(document);
  const auto root = document->root();
  ASSERT_TRUE(root.is(Kind::object));
  EXPECT_FALSE(root.find("b"));
  EXPECT_TRUE(root.find("t")->truth());
  EXPECT_TRUE(root.find("n")->is(Kind::null));
  EXPECT_EQ(root.find("n")->number(), 0);
  EXPECT_FALSE(root.find("a")->find("b"));
  auto element = root.find("a")->begin();
  EXPECT_EQ((*element).number(), 1);
  EXPECT_EQ((*++element).number(), -2500);
  EXPECT_EQ((*++element).find("b")->text(), "c");
  EXPECT_TRUE(++element == root.find("a")->end());
}

TEST(JsonDocument, OfSeveralMembersWithOneNameTheLastCounts) {
  const auto document = JsonDocument::parse(R"({"a":{"x":1},"b":2,"a":"last"})");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().find("a")->text(), "last");
  EXPECT_EQ(document->root().find("b")->number(), 2);
}

TEST(JsonDocument, SaysWhatATreeSays) {
  const char* texts[] = {
      "",
      " ",
      "nul",
      "nulll",
      "true false",
      "[]",
      "{}",
      "[1,]",
      "[,1]",
      "[1 2]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "[",
      "{",
      "]",
      "[1}",
      "{\"a\":1]",
      "\"",
      "\"\\",
      "\"\\u",
      "\"\\u12",
      "\"\\u12\"",
      "\"\\q\"",
      "\"tab\there\"",
      "\"\x7f\"",
      "'a'",
      "// c\n1",
      "1 // c",
      // numbers
      "0",
      "-0",
      "00",
      "01",
      "-",
      "+1",
      "1.",
      ".5",
      "1e",
      "1e+",
      "1e5",
      "1E-5",
      "-1.5e+3",
      "0x10",
      "NaN",
      "Infinity",
      "1e999",
      "-1e999",
      "1e-999",
      "4.9e-324",
      "1.7976931348623157e308",
      "9007199254740993",
      "9223372036854775807",
      "9223372036854775808",
      "18446744073709551615",
      "18446744073709551616",
      "-9223372036854775809",
      "123456789012345678901234567890",
      "0.1000000000000000055511151231",
      "0.1",
      "1764170000.123",
      "999999999999999",
      "9999999999999999",
      "0.123456789",
      "0.1234567891",
      "0.00000000012345",
      "99999.9999999",
      "12345678901234.5",
      "1.7976931348",
      "0.3",
      "2.675",
      "91399620843407.97",
      "955647443541.5693",
      "994818747638909.5",
      // strings
      R"("\"\\\/\b\f\n\r\t")",
      R"("\u0041\u00e9\u20AC\u0000x")",
      R"("\ud83d\ude00")",
      R"("\ud83d")",
      R"("\ude00")",
      R"("\ud83dx")",
      R"("\ud83d\u0041")",
      R"("\u+041")",
      R"("\u 041")",
      R"("\u00g1")",
      "\"\xc3\xa9\"",
      "\"\xe2\x82\xac\"",
      "\"\xf0\x9f\x98\x80\"",
      "\"\xff\"",
      "\"\xc3\"",
      "\"\xc0\xaf\"",
      "\"\xe0\x80\xaf\"",
      "\"\xed\xa0\x80\"",
      "\"\xf4\x90\x80\x80\"",
      "\"\xf0\x80\x80\x80\"",
      "\"\xe2\x82\"",
      "\"\x80\"",
      "\"\xf5\x80\x80\x80\"",
      "\"\xe2\x28\xa1\"",
      // what comes before and behind
      "\xef\xbb\xbf[1]",
      "\xef\xbb[1]",
      "[1]\n",
      "[1]\v",
      "[1]x",
      "\t\r\n [ 1 , 2 ]\t",
      "{ \"a\" : 1 , \"a\" : [ ] }",
  };
  for (const auto* text : texts) expect_as_tree(text);
  for (const auto& text : {std::string("[1]\0", 4), std::string("[1]\0x", 5), std::string("\0", 1),
                           std::string("[\0]", 3), std::string("\"a\0b\"", 5)})
    expect_as_tree(text);
}

TEST(JsonDocument, NoDepthIsTooDeep) {
  for (const std::size_t depth : {31U, 32U, 33U, 34U, 1000U}) {
    expect_as_tree(std::string(depth, '[') + std::string(depth, ']'));
    expect_as_tree(std::string(depth, '[') + std::string(depth - 1, ']'));
  }
  const std::size_t deep = 1'000'000;
  EXPECT_TRUE(JsonDocument::parse(std::string(deep, '[') + std::string(deep, ']')));
  EXPECT_FALSE(JsonDocument::parse(std::string(deep, '[')));
  std::string objects;
  for (std::size_t i = 0; i < deep; ++i) objects += "{\"a\":";
  EXPECT_FALSE(JsonDocument::parse(objects));
}

// What servers answer, cut off at every place and with a few bytes changed.
TEST(JsonDocument, SaysWhatATreeSaysOfBrokenAnswers) {
  const std::string answer =
      R"({"status":"success","data":{"groups":[{"name":"g0","file":"/r.yml","rules":[{"state":"firing","name":"A",)"
      R"("query":"up \u003e 1 and \"x\"","duration":0.5,"labels":{"layer":"n\u00f6de"},"annotations":{"s":"µ → 😀\n"},)"
      R"("alerts":[{"labels":{},"state":"firing","activeAt":"2026-02-03T04:05:00Z","value":"0e+00"}],"health":"ok",)"
      R"("evaluationTime":1.25e-05,"lastEvaluation":"2026-02-03T04:05:06.789Z","type":"alerting"}],"interval":-10,)"
      R"("limit":0}],"more":[true,false,null,[],{},[[1700000000.25,"1"],[1700000001,"NaN"]]]}})";
  expect_as_tree(answer);
  for (std::size_t size = 0; size < answer.size(); ++size) expect_as_tree(answer.substr(0, size));
  const std::string bytes = "\"\\{}[]:,0123456789.eE+-utfn /\x01\x7f\x80\xbf\xc3\xe2\xed\xf0\xff\n";
  std::mt19937 random(7);
  auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  for (int round = 0; round < 20'000; ++round) {
    auto text = answer;
    for (auto changes = below(3) + 1; changes > 0; --changes) {
      const auto at = below(text.size());
      const char byte = bytes[below(bytes.size())];
      switch (below(4)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, below(12) + 1);
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(40)));
      }
      if (text.empty()) break;
    }
    expect_as_tree(text);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace quietgate
