#include "runner/cli.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace quietgate {
namespace {

class CliTest : public ::testing::Test {
 protected:
  int run(std::vector<const char*> words) {
    words.insert(words.begin(), "quietgate");
    out.clear();
    err.clear();
    CliParts parts;
    parts.serve = [this](const ServeOptions& options) {
      served = options;
      return 7;
    };
    parts.run_here = [this](const RunOptions& options) {
      ran = options;
      return 8;
    };
    parts.out = [this](std::string_view text) { out += text; };
    parts.err = [this](std::string_view text) { err += text; };
    return run_cli(static_cast<int>(words.size()), words.data(), parts);
  }
  std::string out;
  std::string err;
  ServeOptions served;
  RunOptions ran;
};

TEST_F(CliTest, HandsOptionsToTheVerbs) {
  EXPECT_EQ(run({"--data", "/d", "serve", "--config", "c.yaml", "--port", "9"}), 7);
  EXPECT_EQ(served.config, "c.yaml");
  EXPECT_EQ(served.data, "/d");
  EXPECT_EQ(served.port, 9);
  EXPECT_EQ(run({"run", "there", "--json", "--pipeline", "p.yaml"}), 8);
  EXPECT_EQ(ran.directory, "there");
  EXPECT_TRUE(ran.json);
  EXPECT_EQ(ran.pipeline, "p.yaml");
}

TEST_F(CliTest, SaysWhatIsWrongWithTheArguments) {
  EXPECT_EQ(run({}), exit_usage);
  EXPECT_EQ(run({"frobnicate"}), exit_usage);
  EXPECT_EQ(run({"promote", "hello/1"}), exit_usage);
  EXPECT_EQ(err, "quietgate: --reason is required\n  see quietgate promote --help\n");
  EXPECT_EQ(run({"runs", "--limit", "0"}), exit_usage);
}

TEST_F(CliTest, DocumentsItsExitCodes) {
  EXPECT_EQ(run({"--help"}), exit_ok);
  for (const auto* text : {"Exit codes:", "130  cancelled", "promote", "QUIETGATE_SERVER"})
    EXPECT_NE(out.find(text), std::string::npos) << text;
}

TEST_F(CliTest, SaysWhenThereIsNoService) {
  EXPECT_EQ(run({"--server", "http://127.0.0.1:1", "runs"}), exit_unreachable);
  EXPECT_NE(err.find("the service at http://127.0.0.1:1 can't be reached"), std::string::npos) << err;
  EXPECT_EQ(run({"--server", "http://127.0.0.1:1", "show", "hello/1", "--follow"}), exit_unreachable);
}

TEST_F(CliTest, SaysWhenThereIsNoPipelineFile) {
  EXPECT_EQ(run({"validate", "/nonexistent/p.yaml"}), exit_usage);
  EXPECT_NE(err.find("there is no /nonexistent/p.yaml"), std::string::npos);
}

TEST(Streams, AreReadHoweverTheyAreCut) {
  const std::string text = "id: 3\nevent: log\ndata: aGk=\n\n: still here\n\nevent: end\r\ndata: {}\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    std::vector<StreamEvent> events;
    StreamReader reader([&](const StreamEvent& event) {
      events.push_back(event);
      return true;
    });
    for (std::size_t at = 0; at < text.size(); at += step) EXPECT_TRUE(reader.feed(text.substr(at, step)));
    ASSERT_EQ(events.size(), 2u) << step;
    EXPECT_EQ(events[0].id, "3");
    EXPECT_EQ(from_base64(events[0].data), "hi");
    EXPECT_EQ(events[1].type, "end");
  }
}

TEST(Streams, Base64OfEveryLength) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("AA=="), std::string(1, '\0'));
  EXPECT_EQ(from_base64("/////w=="), "\xff\xff\xff\xff");
  EXPECT_EQ(from_base64("YWJj"), "abc");
}

}  // namespace
}  // namespace quietgate
