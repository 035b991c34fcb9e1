// Files that were made to hurt: each ends with an error that names its bound, or is no harm. What they cost is bounded
// by what they may become, so nothing here is measured in seconds.
#include <gtest/gtest.h>

#include "pipelines/language/compiler.h"
#include "runner/model/event.h"
#include "runner/model/expression.h"
#include "stages/kinds.h"
#include "tests/pipelines/language/cases.h"

namespace quietgate {
namespace {

std::string times(std::size_t count, const std::string& text, const std::string& between = {}) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i > 0 ? between : "") + text;
  return out;
}

// `#` stands for the number, from 0.
std::string numbered(std::size_t count, const std::string& text, const std::string& between = ", ") {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string one = text;
    for (std::size_t at = 0; (at = one.find('#', at)) != std::string::npos;) one.replace(at, 1, std::to_string(i));
    out += (i > 0 ? between : "") + one;
  }
  return out;
}

std::string one_stage(const std::string& more, const std::string& body = "test: {run: x}") {
  return "version: 1\nstages:\n  a: {" + more + (more.empty() ? "" : ", ") + body + "}\n";
}

// The message of the first error; empty: there is none.
std::string problem(const std::string& text) {
  const Compilation compilation = compile_pipeline(text, "p.yaml", some_commit(), stage_kinds());
  EXPECT_EQ(compilation.plan.has_value(), compilation.diagnostics.empty());
  EXPECT_LE(compilation.diagnostics.size(), 100u);
  EXPECT_LE(compilation.printed.size(), 500'000u);
  if (compilation.plan) {
    EXPECT_LE(to_json(*compilation.plan).size(), 1'048'700u);
  }
  return compilation.diagnostics.empty() ? std::string() : compilation.diagnostics.front().message;
}

const std::string hundreds = "n: [" + numbered(100, "#") + "], m: [1, 2, 3, 4, 5]";
const std::string values = "up to here the stages have more than 250,000 values, with matrices and aliases expanded";
const std::string bytes = "up to here the stages have more than 4 MiB of text, with matrices and expressions expanded";

TEST(Bombs, OfExpressions) {
  std::string nested = "'" + times(32, "x") + "'";
  for (int i = 0; i < 6; ++i) nested = "format('" + times(30, "{0}") + "', " + nested + ")";
  EXPECT_EQ(problem(one_stage("environment: {X: \"${{ " + nested + " }}\"}")), "the value is longer than 128 KiB");
  // No value is too long, but there are many of them.
  const std::string long_one = "format('" + times(200, "{0}") + "', '" + times(600, "x") + "')";
  EXPECT_EQ(problem(one_stage("environment: {X: \"${{ " + times(30, "!contains('y', " + long_one + ")", " && ") +
                              " }}${{ " + times(30, "!contains('y', " + long_one + ")", " && ") + " }}\"}")),
            "the expressions of this text make more than 4 MiB");
  EXPECT_EQ(problem(one_stage("if: \"" + times(40'000, "(") + "\"")), "the expression is nested deeper than 32 levels");
  EXPECT_EQ(problem(one_stage("if: \"" + times(90'000, "!") + "\"")), "the expression is nested deeper than 32 levels");
  EXPECT_EQ(problem(one_stage("if: \"" + times(1'000'000, "x") + "\"")), "`if` has 1000000 bytes");
  EXPECT_EQ(problem("version: 1\nenvironment: {A: \"" + times(90'000, "y") + "\"}\nstages: {a: {environment: {B: \"" +
                    times(4000, "${{ environment.A }}") + "\"}, test: {run: x}}}\n"),
            "the value is longer than 128 KiB");
  EXPECT_EQ(problem("version: 1\nstages:\n  z: {apply: {processes: {a: {run: x}}}}\n  a: {needs: [z], test: {run: \"" +
                    times(3500, "${{ stages.z.outputs.b }}") + "\"}}\n"),
            "stage `z` has no output `b`");
}

TEST(Bombs, OfMatrices) {
  EXPECT_EQ(problem(one_stage("matrix: {" + numbered(20'000, "a#: [x]") + "}")), "`matrix` has 20000 entries");
  EXPECT_EQ(problem(one_stage("matrix: {" + hundreds + "}",
                              "apply: {terraform: {directory: i, variables: {" + numbered(45'000, "v#: x") + "}}}")),
            values);
  EXPECT_EQ(problem("version: 1\nenvironment: {" + numbered(990, "v#: x") + "}\nstages:\n  a: {matrix: {" + hundreds +
                    "}, test: {run: x}}\n"),
            values);
  EXPECT_EQ(problem("version: 1\nenvironment: {A: \"" + times(90'000, "y") + "\"}\nstages:\n  a: {matrix: {" +
                    hundreds + "}, test: {run: x}}\n"),
            bytes);
  EXPECT_EQ(problem("version: 1\nstages:\n  m: {matrix: {" + hundreds + "}, test: {run: x}}\n" +
                    numbered(499, "  s#: {needs: [m], test: {run: x}}\n", "")),
            "up to here the stages have more than 20,000 needs, with matrices expanded");
  EXPECT_EQ(problem("version: 1\nx-b: &b \"" + times(7600, "${{ run.id }}") + "\"\nstages:\n" +
                    numbered(45, "  s#: {test: {run: *b}}\n", "")),
            "the plan has 2348 KiB, most of it in s44 (52 KiB), s43 (52 KiB), s42 (52 KiB) and 42 more");
}

TEST(Bombs, OfYaml) {
  const auto file = [](const std::string& more) { return "version: 1\n" + more + "stages: {a: {test: {run: x}}}\n"; };
  EXPECT_EQ(problem(file("x-a: [" + times(49'500, times(18, "x"), ", ") + "]\n")), "");
  EXPECT_EQ(problem(file("x-a: {" + numbered(24'000, "k#: v") + "}\n")), "");
  EXPECT_EQ(problem(file("x-e: &e {}\nx-f: &f {" + numbered(12'000, "k#: 1") + "}\nx-m: {<<: [*f, " +
                         times(12'000, "*e", ", ") + "]}\n")),
            "");
  EXPECT_EQ(problem(file("x-e: &e {}\nx-m:\n" + times(12'000, "  <<: *e\n"))),
            "the key `<<` appears twice in this map");
  EXPECT_EQ(problem("version: 1\n" + numbered(24'000, "versio#: 1\n", "")), "the pipeline needs `stages`");
  EXPECT_EQ(problem(file("? " + times(900'000, "k") + "\n: 1\n")).size(), 2000u + 3);
}

TEST(Bombs, OfLookingAhead) {
  const std::string signs = "up to here the file has more than 200,000 of the characters [ ] { } , and :";
  EXPECT_EQ(problem("x: " + times(1'000'000, "[")), signs);
  EXPECT_EQ(problem("x: [[" + times(500'000, "a", ",") + "]]\n"), signs);
}

TEST(Bombs, OfLists) {
  EXPECT_EQ(problem(one_stage("environment: {" + numbered(24'000, "V#: x") + "}")), "`environment` has 24000 entries");
  EXPECT_EQ(problem(one_stage("", "apply: {processes: {" + numbered(9900, "s#: {run: x}") + "}}")),
            "`processes` has 9900 entries");
  std::string text = "version: 1\nstages:\n";
  for (int i = 0; i < 180; ++i)
    text += "  " + times(50, "s") + std::to_string(i) + ": {needs: [" + numbered(95, times(48, "s") + "#") +
            "], test: {run: x}}\n";
  EXPECT_EQ(problem(text).substr(0, 20), "there is no stage `s");
}

}  // namespace
}  // namespace quietgate
