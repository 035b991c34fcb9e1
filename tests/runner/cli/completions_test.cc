#include "runner/cli/completions.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

TEST(Completions, AskForWhatTheServiceKnows) {
  std::string one;
  Verb show{"show", "Show", verb_group::look};
  show.options.run(one);
  show.options.text("STAGE", one, "").completes(ServiceName::stage);
  show.options.text("--destroy", one, "").completes(ServiceName::environment);
  const CommandLine line{"a test", "", "1", {}, {show}};
  ServiceName asked = ServiceName::none;
  std::string of;
  const CompletionSource source = [&](ServiceName name, std::string_view run) {
    asked = name;
    of = run;
    return std::vector<Completion>{{"hello/1", "main"}, {"other/1", ""}};
  };
  EXPECT_EQ(complete(line, {"show", "he"}, source).size(), 1u);
  EXPECT_EQ(asked, ServiceName::run);
  EXPECT_EQ(of, "");
  complete(line, {"show", "hello/1", ""}, source);
  EXPECT_EQ(asked, ServiceName::stage);
  EXPECT_EQ(of, "hello/1");
  complete(line, {"show", "--destroy", ""}, source);
  EXPECT_EQ(asked, ServiceName::environment);
  asked = ServiceName::none;
  EXPECT_TRUE(complete(line, {"show", "hello/1", "unit", ""}, source).empty());
  EXPECT_EQ(asked, ServiceName::none) << "there is no third argument";
}

}  // namespace
}  // namespace quietgate
