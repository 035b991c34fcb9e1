#include "stages/attempt/shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "stages/attempt/step.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

using ::testing::ElementsAre;

struct ShellTexts : ::testing::Test {
  std::vector<std::string> argv(const std::string& text, const std::vector<std::string>& interpreter = {}) {
    auto answer = program_of({text, interpreter, environment});
    if (!answer) return {"error: " + answer.error().message};
    if (!answer->script.empty()) answer->argv.push_back("as a file: " + answer->script);
    return answer->argv;
  }
  StageBench bench;
  Environment environment{{"PATH", bench.root + "/bin"}};
};

TEST_F(ShellTexts, RunInBashWhereThePathHasOne) {
  EXPECT_THAT(argv("make"), ElementsAre("/bin/sh", "-e", "-c", "make"));
  bench.write("bin/bash", "#!/bin/sh\n");
  EXPECT_THAT(argv("make"), ElementsAre("/bin/sh", "-e", "-c", "make")) << "a file that may not be run";
  std::filesystem::permissions(bench.root + "/bin/bash", std::filesystem::perms::owner_all);
  EXPECT_THAT(argv("make"),
              ElementsAre(bench.root + "/bin/bash", "-eo", "pipefail", "-O", "inherit_errexit", "-c", "make"));
  environment["PATH"] = "bin::" + bench.root;
  EXPECT_THAT(argv("make"), ElementsAre("/bin/sh", "-e", "-c", "make"));
}

TEST_F(ShellTexts, RunInWhatIsNamed) {
  EXPECT_THAT(argv("print(1)", {"python3", "-c"}), ElementsAre("python3", "-c", "print(1)"));
  EXPECT_THAT(argv(" #!/usr/bin/python3", {"sh", "-c"}), ElementsAre("sh", "-c", " #!/usr/bin/python3"));
}

TEST_F(ShellTexts, AreHonouredWhereTheyNameTheirProgram) {
  const std::string text = "#!/usr/bin/env -S python3 -u \r\nprint(1)\n";
  EXPECT_THAT(argv(text, {"bash", "-c"}), ElementsAre("/usr/bin/env", "-S python3 -u", "as a file: " + text));
  EXPECT_THAT(argv("#! /bin/sh"), ElementsAre("/bin/sh", "as a file: #! /bin/sh"));
  for (const char* nothing : {"#!", "#!\nprint(1)", "#! \t\r\nprint(1)"}) {
    EXPECT_THAT(argv(nothing), ElementsAre("error: the first line of the shell text is `#!` and names no program"));
  }
}

TEST_F(ShellTexts, OfACommandBecomeAStep) {
  const auto step = step_of({.shell = "#!/bin/cat\n"}, bench.root + "/checkout", bench.step("one"), environment);
  ASSERT_TRUE(step.ok()) << step.error().message;
  EXPECT_THAT(step->argv, ElementsAre("/bin/cat"));
  EXPECT_EQ(step->script, "#!/bin/cat\n");
  EXPECT_EQ(step->environment, environment);
}

}  // namespace
}  // namespace quietgate
