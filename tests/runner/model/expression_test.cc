#include "runner/model/expression.h"
#include "runner/model/stage_templates.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/specs.h"

namespace quietgate {
namespace {

using Values = std::map<std::string, std::string>;

Lookup from(Values values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

std::string value_of(std::string_view text, const Values& values = {}) {
  const auto answer = resolve(text, from(values));
  return answer.ok() ? *answer : "ERROR " + answer.error().message;
}

const Values known{{"commit.sha", "abc"},
                   {"commit.branch", "main"},
                   {"run.number", "12"},
                   {"environment.EMPTY", ""},
                   {"stages.load-1.outputs.p95", "312.5"}};

struct ExpressionCase {
  const char* text;
  const char* value;
};
class Expressions : public testing::TestWithParam<ExpressionCase> {};
TEST_P(Expressions, Evaluate) {
  EXPECT_EQ(value_of(GetParam().text, known), GetParam().value) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Expressions,
    testing::Values(
        ExpressionCase{"plain", "plain"}, ExpressionCase{"", ""}, ExpressionCase{"${{ commit.sha }}", "abc"},
        ExpressionCase{"a${{commit.sha}}b${{ run.number }}", "aabcb12"},
        ExpressionCase{"$${{ commit.sha }}", "${{ commit.sha }}"}, ExpressionCase{"$ ${ {{ }} $$", "$ ${ {{ }} $$"},
        ExpressionCase{"${{ 'it''s }} fine' }}", "it's }} fine"}, ExpressionCase{"${{ 4.50 }}", "4.50"},
        ExpressionCase{"${{ true }}", "true"}, ExpressionCase{"${{ commit.branch == 'main' }}", "true"},
        ExpressionCase{"${{ commit.branch != 'main' }}", "false"}, ExpressionCase{"${{ run.number < 9 }}", "false"},
        ExpressionCase{"${{ run.number >= 12.0 }}", "true"},
        ExpressionCase{"${{ stages.load-1.outputs.p95 <= 312.5 }}", "true"}, ExpressionCase{"${{ -1 < 0 }}", "true"},
        ExpressionCase{"${{ !environment.EMPTY }}", "true"},
        ExpressionCase{"${{ environment.EMPTY || 'default' }}", "default"},
        ExpressionCase{"${{ commit.sha && 'yes' || 'no' }}", "yes"}, ExpressionCase{"${{ !(true && false) }}", "true"},
        ExpressionCase{"${{ true || no.such }}", "true"},
        ExpressionCase{"${{ contains(commit.branch, 'ai') }}", "true"},
        ExpressionCase{"${{ starts_with(commit.branch, 'x') || ends_with(commit.branch, 'in') }}", "true"},
        ExpressionCase{"${{ format('{0}-{1}{{}}{0}', commit.sha, 2) }}", "abc-2{}abc"},
        ExpressionCase{"${{ upper(lower('AbC')) }}", "ABC"},
        ExpressionCase{"${{ no.such }}", "ERROR `no.such` has no value here"},
        ExpressionCase{"${{ 'a' < 2 }}", "ERROR `<` compares numbers, and `a` is not one"},
        ExpressionCase{"${{ format('{1}', 'a') }}", "ERROR format(): there is no argument {1}"},
        ExpressionCase{"${{ format('{x}') }}", "ERROR format(): `{` is not followed by a number and `}`"}));

struct BadExpression {
  const char* text;
  std::size_t offset;
  const char* message;
};
class BadExpressions : public testing::TestWithParam<BadExpression> {};
TEST_P(BadExpressions, SayWhereAndWhy) {
  const auto answer = mentions(GetParam().text);
  ASSERT_TRUE(std::holds_alternative<ExpressionError>(answer)) << GetParam().text;
  EXPECT_EQ(std::get<ExpressionError>(answer).message, GetParam().message);
  EXPECT_EQ(std::get<ExpressionError>(answer).offset, GetParam().offset) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadExpressions,
    testing::Values(
        BadExpression{"x ${{ commit.sha", 2, "`${{` is never closed by `}}`"},
        BadExpression{"${{ }}", 4, "expected a name, a literal or a function, found nothing"},
        BadExpression{"${{ sha }}", 4, "`sha` is neither a name with a dot nor text; text needs single quotes"},
        BadExpression{"${{ a..b }}", 4, "`a..b` is not a name"},
        BadExpression{"${{ \"a\" }}", 4, "text in an expression stands between single quotes: 'text'"},
        BadExpression{"${{ 'a }}", 4, "the quote is never closed"},
        BadExpression{"${{ a.b = 'c' }}", 8, "`=` is not an operator; compare with `==`"},
        BadExpression{"${{ a.b c.d }}", 8, "expected an operator or the end of the expression, found `c.d`"},
        BadExpression{"${{ (a.b }}", 9, "expected `)`"},
        BadExpression{"${{ a.b == }}", 11, "expected a name, a literal or a function, found nothing"},
        BadExpression{"${{ lower() }}", 4, "lower() takes 1 argument, not 0"},
        BadExpression{"${{ contains('a') }}", 4, "contains() takes 2 arguments, not 1"},
        BadExpression{"${{ 1.2.3 }}", 4, "`1.2.3` is not a number; text needs single quotes"},
        BadExpression{"${{ 9a }}", 4, "`9a` is not a number; text needs single quotes"},
        BadExpression{"${{ é }}", 4, "expected a name, a literal or a function, found `é`"},
        BadExpression{"${{ hash(a.b) }}", 4,
                      "there is no function `hash`; there are contains, starts_with, ends_with, format, lower, upper, "
                      "success, failure, cancelled, always"}));

TEST(Expression, DepthIsBounded) {
  for (const char* unit : {"(", "!", "lower(", "'a' || ", "'a' && ", "!('a' == "}) {
    std::string text = "${{ ";
    for (int i = 0; i < 100'000; ++i) text += unit;
    EXPECT_TRUE(std::holds_alternative<ExpressionError>(mentions(text + "'a' }}"))) << unit;
  }
}

TEST(Expression, ValuesAreBoundedAlsoOnTheWay) {
  const std::string most(max_value_bytes, 'x');
  EXPECT_EQ(value_of("${{ a.b }}", {{"a.b", most}}), most);
  const std::string refused = "ERROR the value is longer than 128 KiB";
  EXPECT_EQ(value_of("y${{ a.b }}", {{"a.b", most}}), refused);
  EXPECT_EQ(value_of("${{ a.b }}", {{"a.b", most + "y"}}), refused);
  EXPECT_EQ(value_of("${{ contains(a.b, 'y') }}", {{"a.b", most + "y"}}), refused);
  EXPECT_EQ(value_of("${{ contains(format('{0}{0}', a.b), 'y') }}", {{"a.b", most}}), refused);
  std::string many;
  for (int i = 0; i < 33; ++i) many += "${{ a.b == '' && 'x' }}";
  EXPECT_EQ(value_of(many, {{"a.b", most}}), "ERROR the expressions of this text make more than 4 MiB");
}

TEST(ResolveKnown, IsBoundedWithWhatItPutsIn) {
  const std::string most(max_value_bytes, 'x');
  const auto answer = resolve_known("${{ a.b == c.d }}", from({{"a.b", most}}));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "the value is longer than 128 KiB");
  EXPECT_FALSE(resolve_known("y${{ a.b }}", from({{"a.b", most}})).ok());
}

TEST(ResolveStage, ItsTextsAreBoundedTogether) {
  StageSpec stage;
  stage.name = "unit";
  TestSpec test;
  for (int i = 0; i < 33; ++i) test.commands.push_back({.shell = "${{ stages.a.outputs.b }}"});
  stage.body = test;
  const auto answer = resolve(stage, from({{"stages.a.outputs.b", std::string(max_value_bytes, 'x')}}));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "stage `unit`: its texts have more than 4 MiB with the outputs of earlier stages");
}

TEST(Expression, FormatTakesNoIndexBeyondItsArguments) {
  EXPECT_EQ(value_of("${{ format('{18446744073709551615}', 'x') }}"),
            "ERROR format(): there is no argument {18446744073709551615}");
}

TEST(Mentions, NamesAndFunctionsWithPlaces) {
  const auto found = std::get<0>(mentions("a ${{ x.y && failure() }} ${{ lower(b.c) }}"));
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].name, "x.y");
  EXPECT_EQ(found[0].offset, 6u);
  EXPECT_EQ(found[0].length, 3u);
  EXPECT_EQ(found[1].name, "failure()");
  EXPECT_EQ(found[2].name, "lower()");
  EXPECT_EQ(found[3].name, "b.c");
  EXPECT_EQ(found[3].offset, 36u);
}

std::string known_of(std::string_view text, const Values& values) {
  const auto answer = resolve_known(text, from(values));
  return answer.ok() ? *answer : "ERROR " + answer.error().message;
}

TEST(ResolveKnown, LeavesWhatItDoesNotKnow) {
  EXPECT_EQ(known_of("${{ commit.sha }}/${{ stages.a.outputs.u }}", known), "abc/${{ stages.a.outputs.u }}");
  EXPECT_EQ(known_of("${{ commit.sha == ports.a }}", known), "${{ 'abc' == ports.a }}");
  EXPECT_EQ(known_of("$${{ x.y }}", known), "$${{ x.y }}");
}

TEST(ResolveKnown, SubstitutedTextIsNeverReadAgain) {
  const Values hostile{{"commit.message", "${{ secrets.TOKEN }}"}};
  const Values secrets{{"secrets.TOKEN", "hunter2"}};
  EXPECT_EQ(value_of(known_of("m: ${{ commit.message }}", hostile), secrets), "m: ${{ secrets.TOKEN }}");
  EXPECT_EQ(value_of(known_of("${{ format('{0}{1}', commit.message, secrets.TOKEN) }}", hostile), secrets),
            "${{ secrets.TOKEN }}hunter2");
  const Values quote{{"commit.message", "' || secrets.TOKEN || '"}};
  EXPECT_EQ(value_of(known_of("${{ lower(commit.message) == secrets.TOKEN }}", quote), secrets), "false");
  EXPECT_EQ(value_of(known_of("${{ format('{0}', commit.message || secrets.TOKEN) }}", quote), secrets),
            "' || secrets.TOKEN || '");
}

// Whatever the values hold: resolving in two steps gives what resolving at once gives.
TEST(ResolveKnown, TwoStepsEqualOne) {
  std::mt19937 random(20260203);
  const std::vector<std::string> parts{
      "$", "{", "}", "'", "${{", "}}", "$${{", " ", "a", "secrets.S", "${{ secrets.S }}", "{{"};
  const std::vector<std::string> expressions{"${{ commit.message }}", "${{ secrets.S }}",
                                             "${{ format('{0}{1}', commit.message, secrets.S) }}",
                                             "${{ secrets.S == commit.message }}"};
  const auto pick = [&](const std::vector<std::string>& from_these) {
    return from_these[random() % from_these.size()];
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string message;
    std::string text;
    for (unsigned i = random() % 5; i > 0; --i) message += pick(parts);
    for (unsigned i = random() % 6; i > 0; --i) {
      const unsigned choice = random() % 4;
      text += choice == 0 ? "$" : choice == 1 ? "{ x }" : pick(expressions);
    }
    const Values first{{"commit.message", message}};
    const Values second{{"secrets.S", "hunter2"}};
    Values both = first;
    both.insert(second.begin(), second.end());
    const std::string at_once = value_of(text, both);
    if (at_once.starts_with("ERROR")) continue;
    ASSERT_EQ(value_of(known_of(text, first), second), at_once) << text << " with " << message;
    ASSERT_EQ(value_of(escape_template(message)), message);
  }
}

TEST(Condition, TruthAndStatus) {
  const Lookup status = from({{"success()", "true"}, {"failure()", "false"}, {"commit.branch", "main"}});
  const auto holds = [&](std::string_view text) {
    const auto answer = evaluate_condition(text, status);
    return answer.ok() ? (*answer ? "yes" : "no") : "ERROR " + answer.error().message;
  };
  EXPECT_EQ(holds(""), "no");
  EXPECT_EQ(holds("false"), "no");
  EXPECT_EQ(holds("0"), "no");
  EXPECT_EQ(holds("''"), "no");
  EXPECT_EQ(holds("'x'"), "yes");
  EXPECT_EQ(holds("success() && commit.branch == 'main'"), "yes");
  EXPECT_EQ(holds("failure()"), "no");
  EXPECT_EQ(holds("always()"), "yes");
  EXPECT_EQ(holds("cancelled()"), "ERROR `cancelled()` has no value here");
  EXPECT_EQ(holds("${{ failure() || always() }}"), "yes");
  EXPECT_EQ(holds("${{ failure() }} x").substr(0, 30), "ERROR a condition is one expre");
  EXPECT_EQ(*resolve_known_condition("${{ commit.branch == stages.a.outcome }}", status),
            " 'main' == stages.a.outcome ");
  EXPECT_EQ(*resolve_known_condition("success() && commit.branch == 'x'", from({{"commit.branch", "it's"}})),
            "success() && 'it''s' == 'x'");
}

StageSpec apply_stage() {
  ServiceSpec service;
  service.name = "web";
  service.command.argv = {"serve", "${{ ports.web }}", "${{ commit.message }}"};
  ApplySpec apply;
  apply.ports = {"web"};
  apply.provisioner = ProcessesSpec{{service}};
  apply.outputs = {{"url", "http://127.0.0.1:${{ ports.web }}"}};
  StageSpec stage;
  stage.name = "staging";
  stage.body = apply;
  stage.environment = {{"TOKEN", "${{ secrets.T }}"}};
  return stage;
}

TEST(ResolveStage, ApplyBodyKeepsPortsUntilTheyAreKnown) {
  const auto first = resolve(apply_stage(), from({{"commit.message", "${{ secrets.T }}"}, {"secrets.T", "s3"}}));
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->environment.at("TOKEN"), "s3");
  const auto second = resolve_rest(first->body, from({{"ports.web", "8080"}, {"secrets.T", "s3"}}));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(spec_of<ProcessesSpec>(spec_of<ApplySpec>(*second).provisioner).services[0].command.argv,
            (std::vector<std::string>{"serve", "8080", "${{ secrets.T }}"}));
  EXPECT_EQ(spec_of<ApplySpec>(*second).outputs.at("url"), "http://127.0.0.1:8080");
}

TEST(ResolveStage, NamesTheStageAndTheName) {
  const auto answer = resolve(apply_stage(), from({{"secrets.T", "s3"}}));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "stage `staging`: `commit.message` has no value here");
}

TEST(ResolveStage, EnvironmentOfTheStageIsKnownToItsBody) {
  StageSpec stage;
  stage.name = "unit";
  TestSpec test;
  test.commands.resize(1);
  test.commands[0].argv = {"login", "${{ environment.TOKEN }}"};
  stage.body = test;
  stage.environment = {{"TOKEN", "${{ secrets.T }}"}};
  const auto answer = resolve(stage, from({{"secrets.T", "${{ ports.x }}"}}));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(spec_of<TestSpec>(answer->body).commands[0].argv[1], "${{ ports.x }}");
}

}  // namespace
}  // namespace quietgate
