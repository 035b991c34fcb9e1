#include "runner/service/lost_runs.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>

#include "stages/environments/contract/environment.h"
#include "tests/support/fake_clock.h"
#include "tests/support/folder.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

namespace fs = std::filesystem;

class LostEnvironments : public testing::Test {
 protected:
  LostEnvironments() {
    fs::create_directories(folder / "environments");
    auto opened = JournalSqlite::open(folder / "journal.sqlite", clock, io.get_executor());
    if (!opened) throw std::runtime_error(opened.error().message);
    journal = std::move(*opened);
  }
  void make(const std::string& id, std::int64_t number, bool keep) const {
    EnvironmentDescriptor one;
    one.id = id;
    one.run = {"hello", number};
    one.stage = "staging";
    one.provisioner = "processes";
    one.keep = keep;
    one.ports = {{"web", 8080}};
    const EnvironmentFolder place{folder / ("environments/" + id)};
    fs::create_directories(place.root);
    ASSERT_TRUE(save(one, place));
  }
  std::vector<std::string> recorded() {
    said.clear();
    auto done = record_lost_environments(folder.path, *journal, clock.now(),
                                         [this](const std::string& line) { said += line + "\n"; });
    EXPECT_TRUE(done) << done.error().message;
    std::vector<std::string> names;
    for (const auto& one : *journal->catalog().environments_now())
      names.push_back(one.id + " " + to_string(one.status) + (one.keep ? " kept" : ""));
    return names;
  }

  TestFolder folder;
  boost::asio::io_context io;
  FakeClock clock{io.get_executor()};
  std::unique_ptr<JournalSqlite> journal;
  std::string said;
};

TEST_F(LostEnvironments, AreOnRecordAgainOnce) {
  make("hello-7-staging", 7, false);
  make("hello-release", 5, true);
  EXPECT_THAT(recorded(), testing::UnorderedElementsAre("hello-7-staging planned", "hello-release ready kept"));
  EXPECT_THAT(
      said, testing::HasSubstr(
                "environment hello-7-staging belongs to run hello/7, which is not in the journal: it is destroyed\n"));
  EXPECT_THAT(said,
              testing::HasSubstr("environment hello-release belongs to run hello/5, which is not in the journal: it is "
                                 "kept, and recorded again\n"));
  for (const auto& one : *journal->catalog().environments_now()) {
    EXPECT_EQ(one.ports.at("web"), 8080);
    EXPECT_EQ(one.expires, one.keep ? Time{} : clock.now());
  }
  EXPECT_EQ(*journal->next_number("hello"), 8);
  recorded();
  EXPECT_EQ(said, "");
  EXPECT_EQ(journal->read_now(0, 100, std::nullopt)->size(), 3U);
}

TEST_F(LostEnvironments, ThoseOfKnownRunsAreLeftAlone) {
  ASSERT_TRUE(journal->append_now({RunRequested{{"hello", 7}, "main", "abc", "test"}}));
  make("hello-7-staging", 7, false);
  EXPECT_THAT(recorded(), testing::IsEmpty());
  EXPECT_EQ(said, "");
}

TEST_F(LostEnvironments, WhatIsNoDescriptorIsToldOrPassedOver) {
  make("of-another-name", 7, false);
  fs::rename(folder / "environments/of-another-name", folder / "environments/renamed");
  folder.write("environments/broken/environment.json", "{");
  fs::create_directories(folder / "environments/empty");
  fs::create_directories(folder / "environments/piped");
  ASSERT_EQ(::mkfifo((folder / "environments/piped/environment.json").c_str(), 0600), 0);
  fs::create_directory_symlink(folder / "environments/broken", folder / "environments/linked");
  EXPECT_THAT(recorded(), testing::IsEmpty());
  EXPECT_THAT(said, testing::HasSubstr("renamed/environment.json is not what an apply stage writes there"));
  EXPECT_THAT(said, testing::HasSubstr("broken/environment.json is not JSON"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2);
}

// A number that somebody has written there uses none up.
TEST_F(LostEnvironments, AnIncredibleNumberCostsNone) {
  make("far", 9'000'000'000'000'000'000, false);
  EXPECT_THAT(recorded(), testing::ElementsAre("far planned"));
  EXPECT_EQ(*journal->next_number("hello"), 1);
}

class FoldersOfLostRuns : public LostEnvironments {
 protected:
  void folder_of(const std::string& name) const { fs::create_directories(folder / ("runs/hello/" + name)); }
  std::vector<std::string> forgotten() {
    std::vector<std::string> names;
    for (const auto& path : *run_task(io, forgotten_folders(folder.path, journal->catalog())))
      names.push_back(fs::path(path).filename().string());
    return names;
  }
};

TEST_F(FoldersOfLostRuns, OfLostRunsGoOnceThereIsAHigherOne) {
  for (const auto* name : {"3", "4", "4.stale-1"}) folder_of(name);
  EXPECT_THAT(forgotten(), testing::IsEmpty()) << "nothing is known of them";
  ASSERT_TRUE(journal->append_now({RunRequested{{"hello", 5}, "main", "abc", "test"}}));
  EXPECT_THAT(forgotten(), testing::ElementsAre("3")) << "run 5 has no folder: 4 alone tells that numbers were used";
  folder_of("9223372036854775807");
  EXPECT_THAT(forgotten(), testing::ElementsAre("3")) << "which is nobody's number";
  folder_of("5");
  EXPECT_THAT(forgotten(), testing::UnorderedElementsAre("3", "4", "4.stale-1"));
  EXPECT_FALSE(*run_task(io, keeps_number(folder.path, {"hello", 4}, journal->catalog())));
  EXPECT_TRUE(*run_task(io, keeps_number(folder.path, {"hello", 5}, journal->catalog())));
}

}  // namespace
}  // namespace quietgate
