#include "pipelines/yaml/yaml.h"

#include <gtest/gtest.h>

#include <chrono>

namespace quietgate {
namespace {

// The first diagnostic as `line:column message`, or empty.
std::string problem(const std::string& text) {
  const SourceText source("f.yaml", text);
  Diagnostics diagnostics(source);
  parse_yaml(source, diagnostics);
  if (diagnostics.empty()) return {};
  const Diagnostic first = diagnostics.sorted().front();
  return std::to_string(first.at.line) + ":" + std::to_string(first.at.column) + " " + first.message;
}

std::string times(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Yaml, WhatIsNotText) {
  EXPECT_EQ(problem(""), "1:1 the file is empty");
  EXPECT_EQ(problem("# only a comment\n"), "1:1 the file is empty");
  EXPECT_EQ(problem("a: \xff"), "1:4 the byte 0xFF is not UTF-8");
  EXPECT_EQ(problem("a: \xed\xa0\x80"), "1:4 the byte 0xED is not UTF-8");
  EXPECT_EQ(problem("a: \xc0\x80"), "1:4 the byte 0xC0 is not UTF-8");
  EXPECT_EQ(problem(std::string("a: b\0c", 6)), "1:5 the control character 0x00 is not allowed here");
  EXPECT_EQ(problem("a: \x1b[2J"), "1:4 the control character 0x1B is not allowed here");
  EXPECT_EQ(problem("a: b\rc: d"), "1:5 the control character 0x0D is not allowed here");
  EXPECT_EQ(problem("a: b\r\nc: d\r\n"), "");
  EXPECT_EQ(problem("a: " + std::string(yaml_max_bytes, 'x')), "1:1 the file has 1048579 bytes");
}

TEST(Yaml, WhatIsNotOneDocument) {
  EXPECT_EQ(problem("a: 1\n---\nb: 2\n"), "2:1 a second document starts here");
  EXPECT_EQ(problem("---\na: 1\n...\n"), "");
  EXPECT_EQ(problem("a: [1, 2\nb: 3\n").substr(0, 4), "2:2 ");
  EXPECT_EQ(problem("a: \"never\nb: c\n"), "1:4 the quote \" is never closed");
  EXPECT_EQ(problem("a: 'it''s\n"), "1:4 the quote ' is never closed");
  EXPECT_EQ(problem("a: *nothing\n"), "1:4 not YAML: the referenced anchor is not defined");
  EXPECT_EQ(problem("a: &x [*x]\n"), "1:8 the alias is inside the value that it refers to");
}

TEST(Yaml, TabsAreExplained) {
  const SourceText source("f.yaml", "a:\n\t- b\n");
  Diagnostics diagnostics(source);
  EXPECT_EQ(parse_yaml(source, diagnostics), nullptr);
  EXPECT_EQ(diagnostics.print(),
            "f.yaml:2:2: error: not YAML: illegal block entry\n"
            "    2 | \t- b\n"
            "      | \t^\n"
            "      = the line is indented with a tab; YAML requires spaces\n");
}

TEST(Yaml, BracesOfExpressionsAreExplained) {
  const SourceText source("f.yaml", "a: {b: x ${{ c }}}\n");
  Diagnostics diagnostics(source);
  EXPECT_EQ(parse_yaml(source, diagnostics), nullptr);
  EXPECT_EQ(diagnostics.sorted().at(0).hint, "inside `{}` and `[]` a text with `${{` needs quotes");
}

TEST(Yaml, Keys) {
  EXPECT_EQ(problem("a: 1\nb: {c: 1, c: 2}\n"), "2:11 the key `c` appears twice in this map");
  EXPECT_EQ(problem("? [a]\n: b\n"), "1:3 a key must be text, not a list or a map");
  EXPECT_EQ(problem("{a: 1, : 2}\n"), "1:8 a key is missing before the `:`");
}

TEST(Yaml, DepthIsBoundedBeforeTheStackIs) {
  for (const char* opening : {"[", "{a: ", "- ", "? "}) {
    const auto begin = std::chrono::steady_clock::now();
    const std::string found = problem(times(200'000, opening));
    EXPECT_NE(found, "") << opening;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10)) << opening;
  }
  EXPECT_EQ(problem("a: " + times(31, "[") + times(31, "]")), "");
  EXPECT_EQ(problem("a: " + times(32, "[") + times(32, "]")), "1:35 nested deeper than 32 levels");
}

TEST(Yaml, AliasesDoNotMultiply) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before = "*" + std::string(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [" + before + times(9, ", " + before) + "]\n";
  }
  EXPECT_EQ(problem(bomb).substr(5), "the file expands to more than 50000 values");
  const std::string big = "a: &a " + std::string(100'000, 'x') + "\nb: [*a" + times(100, ", *a") + "]\n";
  EXPECT_NE(problem(big).find("expands to more than"), std::string::npos);
}

YamlPointer parsed(const SourceText& source) {
  Diagnostics diagnostics(source);
  YamlPointer tree = parse_yaml(source, diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.print();
  return tree;
}

TEST(Yaml, MergeKeys) {
  const SourceText source("f.yaml", "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 3}\n");
  const YamlPointer tree = parsed(source);
  ASSERT_TRUE(tree);
  const YamlNode& z = *tree->find("z");
  EXPECT_EQ(z.find("a")->text, "3");
  EXPECT_EQ(z.find("b")->text, "1");
  EXPECT_EQ(z.find("c")->text, "2");
  EXPECT_EQ(z.find("<<"), nullptr);
}

TEST(Yaml, TypesOfYaml12) {
  const SourceText source("f.yaml",
                          "on: on\nb: [yes, true, 'true', 1, 0x1f, 1.5, 1e3, .inf, ~, null, '', '1', 08:30, 1_000]\n");
  const YamlPointer tree = parsed(source);
  ASSERT_TRUE(tree);
  EXPECT_EQ(type_of(*tree->find("on")), YamlType::text);
  std::string types;
  for (const auto& item : tree->find("b")->items) types += std::string(to_string(type_of(*item))) + "|";
  EXPECT_EQ(
      types,
      "text|true or false|text|a whole number|a whole number|a number|a number|a number|nothing|nothing|text|text|"
      "text|text|");
}

TEST(Yaml, PlacesCountCharactersAndEmptyValuesHaveTheirKeys) {
  const SourceText source("f.yaml", "\"ä\": {ö: x}\nempty:\nlast: y\n");
  const YamlPointer tree = parsed(source);
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->find("ä")->find("ö")->at, (Position{1, 10, 1}));
  EXPECT_EQ(tree->find("empty")->at, (Position{2, 1, 5}));
}

TEST(DidYouMean, OnlyNearWords) {
  const std::vector<std::string> words{"needs", "timeout", "if"};
  EXPECT_EQ(did_you_mean("neeeds", words), "did you mean `needs`?");
  EXPECT_EQ(did_you_mean("tiemout", words), "did you mean `timeout`?");
  EXPECT_EQ(did_you_mean("banana", words), "");
  EXPECT_EQ(did_you_mean("x", words), "");
}

}  // namespace
}  // namespace quietgate
