#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "runner/adapters/local_steps/noted_steps.h"
#include "runner/adapters/local_steps/work_note_files.h"
#include "tests/support/fake_steps.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Folder {
  std::string path = (std::filesystem::temp_directory_path() / "quietgate-notes-XXXXXX").string();
  Folder() {
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no folder");
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

TEST(WorkNotes, OutliveWhoMadeThemAndAreTakenOnce) {
  Folder folder;
  {
    WorkNoteFiles notes(folder.path + "/at-work");
    EXPECT_THAT(notes.left(), IsEmpty());
    notes.begin({"hello.world", 12}, "plan");
    notes.begin({"hello.world", 12}, "check");
    notes.end({"hello.world", 12}, "plan");
    notes.begin({"other", 1}, "plan");
    notes.begin({"third", 1}, "plan");
    notes.end({"third", 1}, "plan");
    notes.end({"third", 1}, "never");
  }
  WorkNoteFiles next(folder.path + "/at-work");
  EXPECT_THAT(next.left(), UnorderedElementsAre(RunId{"hello.world", 12}, RunId{"other", 1}));
  EXPECT_THAT(next.left(), IsEmpty());
}

struct Kept final : WorkNotes {
  std::vector<std::string> said;
  void begin(const RunId& run, const std::string& what) override {
    said.push_back("begin " + to_string(run) + " " + what);
  }
  void end(const RunId& run, const std::string& what) override { said.push_back("end " + to_string(run) + " " + what); }
  std::vector<RunId> left() override { return {}; }
};

TEST(NotedSteps, NoteWhatFollowsAStepOfAnAttempt) {
  boost::asio::io_context io;
  FakeSteps real;
  Kept notes;
  NotedSteps steps(real, notes);
  Stop stop;
  StepSpec spec;
  for (const StepOwner& owner :
       {StepOwner(AttemptOwner{{{"hello", 7}, "unit", 1}}), StepOwner(EnvironmentOwner{"e", "services", "7-1"})}) {
    spec.name = {owner, "1-run"};
    (void)run_task(io, steps.run(spec, stop));
  }
  EXPECT_THAT(notes.said, ElementsAre("end hello/7 unit.1", "begin hello/7 unit.1"));
}

}  // namespace
}  // namespace quietgate
