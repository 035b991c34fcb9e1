#include "stages/attempt/artifacts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "runner/base/digest.h"
#include "stages/attempt/given.h"
#include "tests/support/inline_disk.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;

struct ArtifactsTest : ::testing::Test {
  // What `stage` would keep of files of these contents; `first.1/artifacts.json` and `first.1/artifacts/`.
  GivenArtifacts kept_by(const std::string& stage, const std::map<std::string, std::string>& files) {
    for (const auto& [path, text] : files) bench.write("made-" + stage + "/" + path, text);
    const auto folder = bench.root + "/" + stage + ".1";
    fs::create_directories(folder);
    auto kept =
        keep_artifacts(bench.root + "/made-" + stage, {"**"}, folder + "/artifacts", folder + "/artifacts.json", never);
    EXPECT_TRUE(kept) << kept.error().message;
    return {stage, folder, kept->total};
  }
  KeptArtifacts keep(const std::vector<std::string>& globs, ArtifactLimits limits = {}, std::uint64_t already = 0) {
    auto kept = keep_artifacts(bench.root + "/checkout", globs, bench.root + "/attempt/artifacts",
                               bench.root + "/attempt/artifacts.json", never, already, limits);
    if (!kept) ADD_FAILURE() << kept.error().message;
    return kept ? *kept : KeptArtifacts{};
  }
  Result<void> put(const std::vector<GivenArtifacts>& given) {
    return put_artifacts(given, bench.root + "/checkout", never);
  }
  mode_t mode(const std::string& path) const {
    struct stat status {};
    return ::stat((bench.root + "/" + path).c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }

  StageBench bench;
  const std::atomic<bool> never{false};
};

TEST_F(ArtifactsTest, ListsEachFileWithItsDigestAndMode) {
  bench.write("checkout/out/app", "binary");
  fs::permissions(bench.root + "/checkout/out/app", fs::perms::owner_all);
  bench.write("checkout/out/a.txt", "text");
  auto kept = keep({"out/*"});
  const auto listing = bench.read("attempt/artifacts.json");
  EXPECT_EQ(listing, R"({"version":2,"artifacts":[{"path":"out/a.txt","bytes":4,"mode":"0644","sha256":")" +
                         sha256_hex("text") + R"("},{"path":"out/app","bytes":6,"mode":"0755","sha256":")" +
                         sha256_hex("binary") + "\"}]}\n");
  EXPECT_EQ(kept.total, (ArtifactsKept{2, 10, sha256_hex(listing)}));
  EXPECT_EQ(mode("attempt/artifacts/out/app"), 0755U);
  EXPECT_EQ(mode("attempt/artifacts/out/a.txt"), 0644U);
  EXPECT_EQ(keep({"out/*"}).total, kept.total) << "safe to repeat";
}

TEST_F(ArtifactsTest, LeavesOutWhatIsNoPlainFile) {
  bench.write("secret", "key");
  bench.write("checkout/out/good", "x");
  bench.write("checkout/out/bad\nname", "x");
  bench.write("checkout/out/bad\xff", "x");
  fs::create_symlink(bench.root + "/secret", bench.root + "/checkout/out/link");
  fs::create_directory_symlink(bench.root, bench.root + "/checkout/out/away");
  ASSERT_EQ(::mkfifo((bench.root + "/checkout/out/fifo").c_str(), 0600), 0);
  auto kept = keep({"out/**", "none/*"});
  ASSERT_EQ(kept.artifacts.size(), 1U);
  EXPECT_EQ(kept.artifacts[0].path, "out/good");
  EXPECT_THAT(kept.warnings,
              Contains("a file is left out: its name is not UTF-8, or contains a control character").Times(2));
  EXPECT_THAT(kept.warnings, Contains("no file matches the artifact glob \"none/*\""));
  EXPECT_THAT(kept.warnings, Contains("1 matches are FIFOs, sockets or devices and are left out"));
  EXPECT_THAT(kept.warnings, Contains(HasSubstr("links out of the checkout are left out")));
}

TEST_F(ArtifactsTest, KeepsALinkWithinTheTreeAsTheFileItLeadsTo) {
  bench.write("checkout/out/app-1.2", "binary");
  fs::create_symlink("app-1.2", bench.root + "/checkout/out/app");
  EXPECT_EQ(keep({"out/app"}).total.files, 1);
  EXPECT_FALSE(fs::is_symlink(bench.root + "/attempt/artifacts/out/app"));
  EXPECT_EQ(bench.read("attempt/artifacts/out/app"), "binary");
}

TEST_F(ArtifactsTest, SaysWhatIsOverALimit) {
  bench.write("checkout/a", "12345");
  bench.write("checkout/b", "12345");
  auto files = keep({"*"}, {.files = 1});
  EXPECT_EQ(files.total.files, 1);
  EXPECT_EQ(files.incomplete, "more than 1 files match its artifacts");
  const std::uint64_t mebibyte = 1U << 20;
  bench.write("checkout/b", std::string(mebibyte, 'b'));
  auto bytes = keep({"*"}, {.bytes = mebibyte});
  EXPECT_EQ(bytes.total.files, 1);
  EXPECT_EQ(bytes.incomplete, "its artifacts are larger than 1 MiB: b did not fit");
  EXPECT_FALSE(fs::exists(bench.root + "/attempt/artifacts/b"));
  auto of_run = keep({"*"}, {.run_bytes = mebibyte}, mebibyte - 2);
  EXPECT_EQ(of_run.total.files, 0);
  EXPECT_EQ(of_run.incomplete, "its artifacts are larger than 1 MiB of all stages of the run: b did not fit");
}

TEST_F(ArtifactsTest, StopsInTheMiddle) {
  bench.write("checkout/a", "12345");
  const std::atomic<bool> stop{true};
  auto kept = keep_artifacts(bench.root + "/checkout", {"*"}, bench.root + "/attempt/artifacts",
                             bench.root + "/attempt/artifacts.json", stop);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().kind, ErrorKind::infrastructure);
  EXPECT_FALSE(fs::exists(bench.root + "/attempt/artifacts.json"));
}

TEST_F(ArtifactsTest, PutsThemWhereTheyWere) {
  bench.write("made-build/out/app", "binary");
  fs::permissions(bench.root + "/made-build/out/app", fs::perms::owner_all);
  auto build = kept_by("build", {{"out/text", "text"}});
  bench.write("checkout/out/text", "of the commit");
  bench.write("outside", "untouched");
  fs::create_symlink(bench.root + "/outside", bench.root + "/checkout/out/app");
  auto done = put({build, kept_by("same", {{"out/text", "text"}})});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(bench.read("checkout/out/text"), "text");
  EXPECT_EQ(bench.read("checkout/out/app"), "binary");
  EXPECT_EQ(mode("checkout/out/app"), 0755U);
  EXPECT_FALSE(fs::is_symlink(bench.root + "/checkout/out/app"));
  EXPECT_EQ(bench.read("outside"), "untouched");
}

TEST_F(ArtifactsTest, NeverGoesThroughALinkOfTheCommit) {
  auto build = kept_by("build", {{"out/app", "binary"}});
  fs::create_directories(bench.root + "/elsewhere");
  fs::create_directory_symlink(bench.root + "/elsewhere", bench.root + "/checkout/out");
  auto through = put({build});
  ASSERT_FALSE(through);
  EXPECT_EQ(through.error().message,
            "out/app of build can't be put into the tree: the commit has a link or a file where its folder should be");
  EXPECT_TRUE(fs::is_empty(bench.root + "/elsewhere"));
  fs::remove(bench.root + "/checkout/out");
  fs::create_directories(bench.root + "/checkout/out/app");
  EXPECT_THAT(put({build}).error().message, HasSubstr("the commit has a folder there"));
}

TEST_F(ArtifactsTest, TwoStagesMayNotGiveDifferentFilesOfOnePath) {
  auto both = put({kept_by("build", {{"out/app", "one"}}), kept_by("lint", {{"out/app", "two"}})});
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().message, "build and lint both keep out/app, with different content");
  EXPECT_EQ(both.error().kind, ErrorKind::user);
}

TEST_F(ArtifactsTest, NamesWhatIsNotWhatWasKept) {
  auto build = kept_by("build", {{"out/app", "binary"}});
  bench.write("build.1/artifacts/out/app", "binarY");
  auto changed = put({build});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().message, "out/app of build is not the file that build kept: its sha256 is no longer " +
                                         sha256_hex("binary").substr(0, 16));
  EXPECT_EQ(changed.error().kind, ErrorKind::infrastructure);
  bench.write("build.1/artifacts/out/app", "binary and more");
  EXPECT_THAT(put({build}).error().message, HasSubstr("is not the file that build kept"));
  fs::remove(bench.root + "/build.1/artifacts/out/app");
  fs::create_symlink(bench.root + "/made-build/out/app", bench.root + "/build.1/artifacts/out/app");
  EXPECT_THAT(put({build}).error().message, HasSubstr("out/app of build is gone"));
  auto text = bench.read("build.1/artifacts.json");
  text.replace(text.find("out/app"), 7, "out/ape");
  bench.write("build.1/artifacts.json", text);
  EXPECT_THAT(put({build}).error().message, HasSubstr("artifacts.json differs from what was recorded"));
}

// Remembers what stood in the tree when it began, and changes it.
struct LookingStage final : StageKind {
  std::vector<std::string> seen;
  Task<StageOutcome> run(StageRequest request) override {
    std::ifstream file(request.checkout + "/out/app");
    seen.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    file.close();
    std::ofstream(request.checkout + "/out/app") << "changed";
    StageOutcome outcome;
    outcome.outcome = Outcome::passed;
    co_return outcome;
  }
};

TEST_F(ArtifactsTest, AStageFindsThemInItsTreeOnceForAnAttempt) {
  LookingStage inner;
  InlineDisk disk;
  GivenStage stage(inner, disk);
  auto request = bench.request(TestSpec{}, "deploy");
  request.given = {kept_by("build", {{"out/app", "binary"}})};
  auto outcome = bench.await(stage.run(request));
  EXPECT_EQ(outcome.outcome, Outcome::passed) << outcome.reason;
  EXPECT_EQ(outcome.given, given_of(request.given));
  EXPECT_THAT(bench.log.lines, Contains("1 artifact of build, 6 bytes"));
  request.resume = true;
  EXPECT_EQ(bench.await(stage.run(request)).given, given_of(request.given));
  EXPECT_EQ(inner.seen, (std::vector<std::string>{"binary", "changed"}));
}

TEST_F(ArtifactsTest, WhatCantBePutInEndsTheAttemptBeforeAnyStep) {
  LookingStage inner;
  InlineDisk disk;
  GivenStage stage(inner, disk);
  auto request = bench.request(TestSpec{}, "deploy");
  request.given = {kept_by("build", {{"out/app", "binary"}})};
  bench.write("build.1/artifacts/out/app", "planted");
  auto outcome = bench.await(stage.run(request));
  EXPECT_EQ(outcome.outcome, Outcome::error);
  EXPECT_THAT(outcome.reason, HasSubstr("out/app of build is not the file that build kept"));
  EXPECT_TRUE(inner.seen.empty());
}

}  // namespace
}  // namespace quietgate
