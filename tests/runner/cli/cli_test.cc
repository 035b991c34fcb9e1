#include "runner/cli/cli.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "pipelines/language/compiler.h"
#include "stages/kinds.h"

namespace quietgate {
namespace {

class CliTest : public ::testing::Test {
 protected:
  int run(std::vector<const char*> words) { return run(std::move(words), all_verbs()); }
  int run(std::vector<const char*> words, std::vector<Verb> verbs) {
    words.insert(words.begin(), "quietgate");
    out.clear();
    err.clear();
    CliParts parts;
    parts.serve = [this](const ServeOptions& options) {
      served = options;
      return 7;
    };
    parts.run_locally = [this](const LocalRunOptions& options) {
      ran = options;
      return 8;
    };
    parts.language = &language;
    parts.out = [this](std::string_view text) { out += text; };
    parts.err = [this](std::string_view text) { err += text; };
    return run_cli(static_cast<int>(words.size()), words.data(), parts, std::move(verbs));
  }
  const YamlPipelineLanguage language{stage_kinds()};
  std::string out;
  std::string err;
  ServeOptions served;
  LocalRunOptions ran;
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

// The recipe of a verb: its file makes one value, and a list of verbs names it in one line. Everything else follows.
Verb greet_verb() {
  struct Greeting {
    std::string name;
    int times = 1;
    bool loud = false;
  };
  auto given = std::make_shared<Greeting>();
  Verb verb{"greet", "Say hello", verb_group::local};
  verb.options.text("NAME", given->name, "Whom").required();
  verb.options.number("-n,--times", given->times, "How often").between(1, 3).environment("QUIETGATE_TEST_TIMES");
  verb.options.flag("--loud", given->loud, "With an exclamation mark");
  verb.run = [given](const Invocation& call) {
    for (int i = 0; i < given->times; ++i) call.parts.out("hello " + given->name + (given->loud ? "!" : "") + "\n");
    return exit_inconclusive;
  };
  return verb;
}

TEST_F(CliTest, AVerbIsOneValueInTheList) {
  auto verbs = [] {
    auto all = all_verbs();
    all.push_back(greet_verb());
    return all;
  };
  EXPECT_EQ(run({"greet", "ana", "--times", "2", "--loud"}, verbs()), exit_inconclusive);
  EXPECT_EQ(out, "hello ana!\nhello ana!\n");
  EXPECT_EQ(run({"greet", "ana"}, verbs()), exit_inconclusive);
  EXPECT_EQ(out, "hello ana\n") << "the values of an earlier command line are gone";
  ::setenv("QUIETGATE_TEST_TIMES", "3", 1);
  run({"greet", "b"}, verbs());
  ::unsetenv("QUIETGATE_TEST_TIMES");
  EXPECT_EQ(out, "hello b\nhello b\nhello b\n");
  EXPECT_EQ(run({"greet"}, verbs()), exit_usage);
  EXPECT_EQ(err, "quietgate: NAME is required\n  see quietgate greet --help\n");
  EXPECT_EQ(run({"greet", "ana", "--times", "4"}, verbs()), exit_usage);
  run({"--help"}, verbs());
  EXPECT_NE(out.find("greet         Say hello"), std::string::npos) << out;
  run({"complete", "--", "greet", "--t"}, verbs());
  EXPECT_EQ(out, "--times\tHow often\n");
  run({"manual"}, verbs());
  EXPECT_NE(out.find(".SS greet\n.B quietgate greet\n\\fINAME\\fR\n"), std::string::npos) << out;
  EXPECT_EQ(run({"greet", "ana"}), exit_usage) << "it is in no other list";
}

TEST_F(CliTest, EveryVerbIsAFileOfItsName) {
  std::vector<std::string> names;
  for (const auto& verb : all_verbs()) names.push_back(verb.name);
  std::vector<std::string> files;
  for (const auto& each : std::filesystem::directory_iterator(std::string(QUIETGATE_SOURCE_DIR) + "/runner/cli/verbs"))
    if (each.path().extension() == ".cc") files.push_back(each.path().stem().string());
  std::sort(names.begin(), names.end());
  std::sort(files.begin(), files.end());
  EXPECT_EQ(names, files);
}

TEST_F(CliTest, NamesTheVerbThatWasMeant) {
  EXPECT_EQ(run({"rusns"}), exit_usage);
  EXPECT_EQ(err, "quietgate: there is no verb `rusns`\n  did you mean `runs`? see quietgate --help\n");
  run({"--json", "frobnicate"});
  EXPECT_EQ(err, "quietgate: there is no verb `frobnicate`\n  see quietgate --help\n");
  EXPECT_EQ(run({"alerts", "backtst"}), exit_usage);
  EXPECT_EQ(err, "quietgate: there is no verb `backtst`\n  did you mean `backtest`? see quietgate alerts --help\n");
  run({"complet"});
  EXPECT_EQ(err.find("complete`"), std::string::npos) << "its verb is nobody's: " << err;
  EXPECT_EQ(run({}), exit_usage);
  EXPECT_EQ(err, "quietgate: A subcommand is required\n  see quietgate --help\n");
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

TEST_F(CliTest, ErrorsAreDocumentsForMachines) {
  EXPECT_EQ(run({"runs", "--json", "--server", "http://127.0.0.1:1"}), exit_unreachable);
  EXPECT_EQ(out.rfind("{\"error\":{\"message\":\"the service at http://127.0.0.1:1 can't be reached", 0), 0U) << out;
  EXPECT_EQ(out.find('\n'), out.size() - 1);
  EXPECT_NE(err, "");
  EXPECT_EQ(run({"show", "a/b/c", "--json", "--server", "http://127.0.0.1:1"}), exit_usage);
  EXPECT_EQ(out.rfind("{\"error\":", 0), 0U) << out;
}

TEST_F(CliTest, SaysWhenThereIsNoPipelineFile) {
  EXPECT_EQ(run({"validate", "/nonexistent/p.yaml"}), exit_usage);
  EXPECT_NE(err.find("there is no /nonexistent/p.yaml"), std::string::npos);
}

TEST_F(CliTest, ValidateWarnsApartFromErrors) {
  const auto file = std::filesystem::temp_directory_path() / ("quietgate-cli-" + std::to_string(::getpid()) + ".yaml");
  std::ofstream(file) << "version: 1\nstages:\n  a: {test: {run: x | y}}\n  p: {needs: [], promote: {branch: b}}\n";
  const auto name = file.string();
  EXPECT_EQ(run({"validate", name.c_str()}), exit_ok);
  EXPECT_EQ(out, "ok: " + name + ": 2 stages\n");
  EXPECT_EQ(err, name +
                     ":3:19: warning: a pipe fails when any of its commands does: shell texts run with `bash -eo "
                     "pipefail`\n"
                     "    3 |   a: {test: {run: x | y}}\n"
                     "      |                   ^~~~~\n"
                     "      = write `shell: bash` to confirm this, or `shell: sh` to restore the old behaviour\n" +
                     name +
                     ":4:3: warning: stage `p` promotes without waiting for any test: its `needs` is `[]`\n"
                     "    4 |   p: {needs: [], promote: {branch: b}}\n"
                     "      |   ^\n");
  EXPECT_EQ(run({"validate", "--no-warnings", name.c_str()}), exit_ok);
  EXPECT_EQ(err, "");
  EXPECT_EQ(run({"validate", "--json", name.c_str()}), exit_ok);
  EXPECT_EQ(out,
            "{\"valid\":true,\"stages\":2,\"rules_checked\":false,\"warnings\":[{\"line\":3,\"column\":19,\"message\":"
            "\"a pipe fails when any of its commands does: shell texts run with `bash -eo "
            "pipefail`\",\"advice\":\"write `shell: bash` to confirm this, or `shell: sh` to restore the old "
            "behaviour\"},{\"line\":4,\"column\":3,\"message\":\"stage `p` promotes without waiting for any test: its "
            "`needs` is `[]`\",\"advice\":\"\"}]}\n");
  std::filesystem::remove(file);
}

TEST_F(CliTest, CompletesWhatMayStandThere) {
  EXPECT_EQ(run({"complete", "--", "pr"}), exit_ok);
  EXPECT_EQ(out, "promote\tPromote the commit of an ended run by hand\n");
  run({"complete", "--", ""});
  EXPECT_EQ(out.find("complete\t"), std::string::npos) << "its own verb is nobody's";
  run({"complete", "--", "promote", "--re"});
  EXPECT_EQ(out, "--reason\tKept with the evidence\n");
  run({"complete", "--", "--data", "/d", "runs", "--js"});
  EXPECT_EQ(out, "--json\tPrint JSON\n");
  run({"complete", "--", "completion", ""});
  EXPECT_EQ(out, "bash\t\nzsh\t\nfish\t\n");
  run({"complete", "--", "alerts", ""});
  EXPECT_EQ(out, "backtest\tCompute when rules that are not loaded yet would have fired\n");
  run({"complete", "--", "alerts", "backtest", "--at"});
  EXPECT_EQ(out, "--at-most\tExit with 1 if there would have been more pages\n");
  for (const auto* before : {"show", "--data", "validate"}) {
    run({"complete", "--", before, ""});
    EXPECT_EQ(out, "") << before << ": files, or a service that isn't there";
  }
}

TEST_F(CliTest, NamesTheWholeVerbWhoseArgumentsAreWrong) {
  EXPECT_EQ(run({"alerts"}), exit_usage);
  EXPECT_EQ(run({"alerts", "backtest"}), exit_usage);
  EXPECT_EQ(err, "quietgate: RULES is required\n  see quietgate alerts backtest --help\n");
  EXPECT_EQ(run({"alerts", "backtest", "--help"}), exit_ok);
  EXPECT_NE(out.find("--time-zone"), std::string::npos);
  EXPECT_EQ(run({"alerts", "backtest", "/nonexistent/r.yml", "--prometheus", "http://127.0.0.1:1"}), exit_usage);
  EXPECT_EQ(err.find("quietgate: /nonexistent/r.yml can't be read"), 0u) << err;
}

TEST_F(CliTest, HasAManualPageAndScripts) {
  EXPECT_EQ(run({"manual"}), exit_ok);
  for (const auto* text :
       {".TH QUIETGATE 1", ".SS promote", ".SS alerts backtest", "\\fB\\-\\-reason\\fR", "130  cancelled"})
    EXPECT_NE(out.find(text), std::string::npos) << text;
  EXPECT_EQ(out.find("complete\n"), std::string::npos);
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(run({"completion", shell}), exit_ok);
    EXPECT_NE(out.find("quietgate complete --"), std::string::npos) << shell;
  }
  EXPECT_EQ(run({"completion", "tcsh"}), exit_usage);
}

}  // namespace
}  // namespace quietgate
