#include "runner/cli/first_pipeline.h"

#include <gtest/gtest.h>

#include "pipelines/language/compiler.h"
#include "stages/kinds.h"

namespace quietgate {
namespace {

FirstPipeline made_of(std::vector<ProjectFile> files, const std::string& name = "hello") {
  std::sort(files.begin(), files.end(), [](const auto& one, const auto& other) { return one.path < other.path; });
  auto made = first_pipeline(ProjectFiles(std::move(files)), name, "trunk");
  PlanContext context;
  context.run = {"hello", 1};
  context.commit = CommitId(40, '0');
  context.branch = "trunk";
  const auto compiled = compile_pipeline(made.text, ".quietgate.yaml", context, stage_kinds());
  EXPECT_TRUE(compiled.plan) << compiled.printed << made.text;
  return made;
}

TEST(FirstPipeline, CompilesForEachKindOfProject) {
  EXPECT_NE(made_of({{"go.mod", ""}}).text.find("go test ./..."), std::string::npos);
  EXPECT_NE(made_of({{"Cargo.toml", ""}, {"Cargo.lock", ""}}).text.find("run: cargo test --locked"), std::string::npos);
  EXPECT_NE(made_of({{"pom.xml", ""}}).text.find("junit: \"target/surefire-reports/TEST-*.xml\""), std::string::npos);
  EXPECT_NE(made_of({{"build.gradle.kts", ""}, {"gradlew", ""}}).text.find("./gradlew test"), std::string::npos);
  EXPECT_NE(made_of({{"CMakeLists.txt", "enable_testing()"}}).text.find("ctest --test-dir build"), std::string::npos);
  EXPECT_NE(made_of({{"package.json", R"({"scripts": {"test": "node --test"}})"}, {"package-lock.json", ""}})
                .text.find("npm ci\n        npm test\n"),
            std::string::npos);
  EXPECT_NE(made_of({{"requirements.txt", "flask\npytest\n"}}).text.find(".venv/bin/python -m pytest"),
            std::string::npos);
  EXPECT_NE(made_of({{"tests/test_a.py", ""}}).text.find("run: PYTHONPATH=. python3 -m unittest discover -s tests\n"),
            std::string::npos);
  EXPECT_NE(
      made_of({{"tests/__init__.py", ""}, {"tests/test_a.py", ""}}).text.find("run: python3 -m unittest discover\n"),
      std::string::npos);
  EXPECT_NE(made_of({{"infra/main.tf", "provider \"aws\" {}\n"}}).text.find("cd ./infra"), std::string::npos);
  EXPECT_NE(made_of({{"alerts/a.yml", "groups:\n- rules:\n  - alert: A\n    expr: up == 0\n"}})
                .text.find("promtool check rules ./alerts/a.yml"),
            std::string::npos);
}

TEST(FirstPipeline, IsForTheBranchThatIsCheckedOut) {
  EXPECT_NE(made_of({}).text.find("branches: [\"trunk\"]"), std::string::npos);
}

TEST(FirstPipeline, SaysWhatToPutInWhereNothingIsKnown) {
  const auto made = made_of({{"README.md", ""}});
  EXPECT_TRUE(made.found.empty());
  EXPECT_NE(made.text.find("write the command that tests your code here"), std::string::npos);
}

TEST(FirstPipeline, GivesEachPartOfARepositoryAStage) {
  const auto made = made_of({{"api/go.mod", ""}, {"web/package.json", "{}"}, {"web/packages/a/package.json", "{}"}});
  EXPECT_EQ(made.found, (std::vector<std::string>{"Go in api", "Node (npm) in web"}));
  EXPECT_NE(made.text.find("  api:\n"), std::string::npos);
  EXPECT_NE(made.text.find("  web:\n"), std::string::npos);
}

// What a repository's files and folders are called is anybody's choice.
TEST(FirstPipeline, CompilesWhateverThingsAreCalled) {
  made_of({{"a \"b\" 'c'/go.mod", ""},
           {"1/go.mod", ""},
           {"null/go.mod", ""},
           {"-x/Cargo.toml", ""},
           {"$(id)/package.json", ""}},
          "\"quoted\"\\\n: # name");
  const auto made = made_of({{"$(touch x)'/go.mod", ""}});
  EXPECT_NE(made.text.find(R"(cd './$(touch x)'\''')"), std::string::npos) << made.text;
}

}  // namespace
}  // namespace quietgate
