#include "runner/model/branch_name.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(BranchName, TakesWhatGitTakes) {
  for (const char* name :
       {"main", "release/2026-11", "a.b", "a@b", "a{b}", "über", "x.locks", "feature/-x", "@x", "a-"})
    EXPECT_EQ(branch_name_problem(name), "") << name;
  EXPECT_EQ(branch_name_problem(std::string(255, 'a')), "");
}

TEST(BranchName, SaysWhyNot) {
  const std::pair<const char*, const char*> cases[]{
      {"", "it is empty"},
      {"@", "`@` alone means HEAD"},
      {"release candidate", "it holds a space"},
      {"a\tb", "it holds a control character"},
      {"a\x7f", "it holds a control character"},
      {"a~1", "it holds `~`"},
      {"a^", "it holds `^`"},
      {"a:b", "it holds `:`"},
      {"a?", "it holds `?`"},
      {"a*", "it holds `*`"},
      {"a[", "it holds `[`"},
      {"a\\b", "it holds `\\`"},
      {"bad..name", "it holds `..`"},
      {"a@{b", "it holds `@{`"},
      {"-a", "it begins with `-`"},
      {"/a", "it begins with `/`"},
      {".a", "a part begins with `.`"},
      {"a/.b", "a part begins with `.`"},
      {"a//b", "a part between two `/` is empty"},
      {"a/", "it ends with `/`"},
      {"a.", "it ends with `.`"},
      {"a.lock", "a part ends with `.lock`"},
      {"a.lock/b", "a part ends with `.lock`"},
  };
  for (const auto& [name, problem] : cases) EXPECT_EQ(branch_name_problem(name), problem) << name;
  EXPECT_EQ(branch_name_problem(std::string(256, 'a')), "it has more than 255 bytes");
  EXPECT_EQ(branch_name_problem(std::string("a\0b", 3)), "it holds a control character");
}

}  // namespace
}  // namespace quietgate
