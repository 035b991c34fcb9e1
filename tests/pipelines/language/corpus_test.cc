#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "pipelines/language/compiler.h"
#include "runner/base/text.h"
#include "runner/model/event.h"
#include "stages/kinds.h"
#include "tests/pipelines/language/cases.h"

namespace quietgate {
namespace {

Compilation compile(const std::filesystem::path& path) {
  return compile_pipeline(read_text(path), path.filename().string(), some_commit(), stage_kinds());
}

TEST(Corpus, GoodFilesCompile) {
  const auto cases = pipeline_cases("good");
  EXPECT_GE(cases.size(), 4u);
  for (const auto& path : cases) {
    const Compilation compilation = compile(path);
    ASSERT_TRUE(compilation.plan) << compilation.printed;
    EXPECT_EQ(compilation.plan->hash.size(), 64u);
    const auto again = plan_from_json(to_json(*compilation.plan));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(*again, *compilation.plan) << path;
  }
}

// QUIETGATE_UPDATE_GOLDEN=1 writes the diagnostics instead of comparing them.
TEST(Corpus, BadFilesSayExactlyWhatIsWrong) {
  for (const char* folder : {"bad", "bad-beyond-schema"}) {
    const auto cases = pipeline_cases(folder);
    EXPECT_GE(cases.size(), 9u);
    for (const auto& path : cases) {
      const Compilation compilation = compile(path);
      EXPECT_FALSE(compilation.plan) << path;
      std::filesystem::path golden = path;
      golden.replace_extension(".txt");
      if (std::getenv("QUIETGATE_UPDATE_GOLDEN")) std::ofstream(golden, std::ios::binary) << compilation.printed;
      EXPECT_EQ(compilation.printed, read_text(golden)) << path;
    }
  }
}

// Seeded, so that a failure can be repeated: files with bytes lost, doubled, swapped and replaced.
TEST(Corpus, MutatedFilesNeverCrashAndErrorsHavePlaces) {
  std::vector<std::string> texts;
  for (const char* folder : {"good", "bad", "bad-beyond-schema"}) {
    for (const auto& path : pipeline_cases(folder)) texts.push_back(read_text(path));
  }
  const std::vector<std::string> scraps{
      "${{ ", " }}",  "[",     "{", "]",   "}", ": ", "- ", "\n",   "\t",   "&a ",
      "*a",   "<<: ", "\"",    "'", "|\n", ">", "!",  "%",  "\xff", "\xc3", std::string(1, '\0'),
      "~",    "...",  "---\n", "# "};
  std::mt19937 random(20260301);
  for (int round = 0; round < 2'500; ++round) {
    std::string text = texts[random() % texts.size()];
    for (unsigned edits = 1 + random() % 4; edits > 0 && !text.empty(); --edits) {
      const std::size_t at = random() % text.size();
      const std::size_t length = std::min<std::size_t>(random() % 20, text.size() - at);
      switch (random() % 4) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, text.substr(at, length));
          break;
        case 2:
          text.insert(at, scraps[random() % scraps.size()]);
          break;
        default:
          text[at] = static_cast<char>(random() % 256);
      }
    }
    const auto begin = std::chrono::steady_clock::now();
    const Compilation compilation = compile_pipeline(text, "mutated.yaml", some_commit(), stage_kinds());
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << text;
    ASSERT_NE(compilation.plan.has_value(), !compilation.diagnostics.empty()) << text;
    for (std::string_view rest = compilation.printed; !rest.empty();) {
      const auto character = first_character(rest);
      ASSERT_TRUE(character.valid) << compilation.printed;
      ASSERT_TRUE(is_printable(character.code) || rest.front() == '\n' || rest.front() == '\t') << compilation.printed;
      rest.remove_prefix(character.bytes);
    }
    const std::size_t lines = 2 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    for (const Diagnostic& diagnostic : compilation.diagnostics) {
      ASSERT_GE(diagnostic.at.line, 1u);
      ASSERT_LE(diagnostic.at.line, lines) << text;
      ASSERT_GE(diagnostic.at.column, 1u);
      ASSERT_FALSE(diagnostic.message.empty());
    }
  }
}

}  // namespace
}  // namespace quietgate
