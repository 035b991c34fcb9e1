// Records that stand in the place of a step's own, and are another's.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include "tests/support/leaders_world.h"

namespace quietgate {

namespace {

using How = StepExit::How;
using ::testing::HasSubstr;

class ForeignRecords : public LeadersWorld {
 protected:
  LedStep own(const std::string& script) {
    auto what = spec(script);
    what.nonce = "mine";
    return what;
  }
  static constexpr const char* ended =
      "{\"how\": \"exited\", \"code\": 0, \"started\": 1, \"ended\": 2, \"log_complete\": true, \"log_bytes\": 0, "
      "\"lost_bytes\": 0, \"detail\": \"\"}\n";
  static std::string asked(const std::string& nonce) {
    return "{\"version\": 2, \"id\": \"x\", " + (nonce.empty() ? "" : "\"nonce\": \"" + nonce + "\", ") +
           "\"stop_signal\": 15, \"grace\": 1000}\n";
  }
};

TEST_F(ForeignRecords, OneThatSaysThatAllWentWellIsNotBelieved) {
  int number = 0;
  for (const auto& record : {asked("yours") + ended, asked("") + ended, std::string(ended),
                             asked("yours") + asked("mine") + ended, asked("yours")}) {
    write("step.step", record);
    const auto exit = run(own("exit 7"));
    EXPECT_EQ(describe(exit), "exit status 7") << record;
    ++number;
    EXPECT_EQ(read("step.step.stale-" + std::to_string(number)), record) << "it is kept for people to look at";
    EXPECT_THAT(read("log"),
                HasSubstr("was moved to " + folder + "/step.step.stale-" + std::to_string(number) + "]\n"));
    std::filesystem::remove(folder + "/step.step");
  }
}

TEST_F(ForeignRecords, ItsOwnIs) {
  const auto what = own("echo ran; exit 7");
  run(what);
  EXPECT_EQ(describe(run(what)), "exit status 7");
  EXPECT_EQ(read("log"), "ran\n");
  EXPECT_FALSE(exists("step.step.stale-1"));
}

TEST_F(ForeignRecords, WithoutANonceWhicheverStandsThereIs) {
  write("step.step", asked("yours") + ended);
  EXPECT_TRUE(run(spec("exit 7")).succeeded()) << "of an attempt that an older version began";
}

TEST_F(ForeignRecords, OneWhoseFirstLineIsDamagedIsNeitherBelievedNorBegunAgain) {
  write("step.step", std::string("{\"version\n") + ended);
  const auto exit = run(own("touch begun"));
  EXPECT_EQ(exit.how, How::leader_died);
  EXPECT_THAT(exit.detail, HasSubstr("is damaged in line 1"));
  EXPECT_EQ(run(own("touch begun")).how, How::leader_died);
  EXPECT_FALSE(exists("begun"));
}

TEST_F(ForeignRecords, AStepThatRunsForAnotherIsEnded) {
  auto what = own("touch theirs; sleep 1000");
  what.nonce = "yours";
  Stop never;
  ASSERT_TRUE(wait_for(processes->start(what, never)));
  ASSERT_TRUE(until([&] { return exists("theirs"); }));
  EXPECT_EQ(describe(run(own("exit 7"))), "exit status 7");
  EXPECT_TRUE(marked().empty());
  EXPECT_THAT(read("step.step.stale-1"), HasSubstr("\"nonce\":\"yours\""));
}

TEST_F(ForeignRecords, AServiceIsBegunInItsPlace) {
  write("step.step", asked("yours") + ended);
  Stop never;
  ASSERT_TRUE(wait_for(processes->start(own("touch begun; sleep 1000"), never)));
  EXPECT_TRUE(until([&] { return exists("begun"); }));
}

TEST_F(ForeignRecords, OneThatIsPutInThePlaceOfALivingStepsIsNotBelieved) {
  // The status is long: the runner has to read it in the file.
  auto what = own("rm step.step; cp planted step.step; exit 7");
  what.argv[0] = "/bin/sh";
  write("planted", asked("yours") + ended);
  const auto exit = run(what);
  EXPECT_FALSE(exit.succeeded()) << describe(exit);
}

}  // namespace

}  // namespace quietgate
