#include "runner/leader/leader_directory.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runner/leader/process_tree.h"
#include "runner/leader/program.h"

namespace quietgate {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Directory : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/quietgate-directory-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder + "/" + name) << text; }
  std::string folder;
};

LeaderOrder some_order() {
  LeaderOrder order;
  order.directory = "/d";
  order.id = "abc";
  order.boot = "b";
  order.argv = {"curl", "-H", "Token: s3cr3t-value", "\xff"};
  order.environment = {"A=s3cr3t-value", "B=2"};
  order.secrets = {"s3cr3t-value"};
  order.keep_descendants = true;
  order.stop_signal = 2;
  order.grace_milliseconds = 1234;
  return order;
}

TEST(Order, TravelsWholeOrNotAtAll) {
  const auto order = some_order();
  const auto bytes = encode(order);
  EXPECT_EQ(decode_order(bytes), order);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_order(bytes.substr(0, size))) << size;
  EXPECT_FALSE(decode_order(bytes + "x"));
  auto huge = bytes;
  huge[15] = '\x7f';  // the first text claims to be enormous
  EXPECT_FALSE(decode_order(huge));
}

TEST_F(Directory, ItsSpecTellsPeopleWhatRanAndNoSecret) {
  const LeaderDirectory directory(folder);
  EXPECT_FALSE(directory.spec().value());
  ASSERT_TRUE(directory.write_spec(some_order()));
  const auto spec = directory.spec().value();
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->id, "abc");
  EXPECT_EQ(spec->stop_signal, 2);
  EXPECT_EQ(spec->grace, Milliseconds(1234));
  std::ostringstream text;
  text << std::ifstream(folder + "/spec.json").rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("Token: ***"));
  EXPECT_THAT(text.str(), Not(HasSubstr("s3cr3t")));
  EXPECT_EQ(std::filesystem::status(folder + "/spec.json").permissions(), std::filesystem::perms(0600));
}

TEST_F(Directory, AnExitIsReadAsItWasWritten) {
  const LeaderDirectory directory(folder);
  EXPECT_FALSE(directory.exit().value());
  ProcessExit exit;
  exit.how = ProcessExit::How::leader_died;
  exit.detail = "so \"it\" is";
  exit.log_complete = false;
  exit.started = Time(Milliseconds(1000));
  exit.ended = Time(Milliseconds(2000));
  ASSERT_TRUE(directory.write_exit("abc", exit));
  const auto read = directory.exit().value();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->how, exit.how);
  EXPECT_EQ(read->detail, exit.detail);
  EXPECT_FALSE(read->log_complete);
  EXPECT_EQ(read->ended, exit.ended);
}

TEST_F(Directory, DamagedRecordsAreErrorsThatNameTheFile) {
  const LeaderDirectory directory(folder);
  const std::string good =
      R"({"version":1,"id":"a","how":"exited","code":0,"started":1,"ended":2,"log_complete":true,"detail":""})";
  write("status.json", good);
  ASSERT_TRUE(directory.exit());
  for (std::size_t size = 0; size < good.size(); ++size) {
    write("status.json", good.substr(0, size));
    const auto exit = directory.exit();
    ASSERT_FALSE(exit) << size;
    ASSERT_THAT(exit.error().message, HasSubstr(folder + "/status.json is damaged"));
  }
  for (const auto* bad : {"[]", "null", "{\"version\":2}", R"({"version":1,"how":"gone"})", "\xff\xfe"}) {
    write("status.json", bad);
    write("leader.json", bad);
    EXPECT_FALSE(directory.exit()) << bad;
    EXPECT_FALSE(directory.leader()) << bad;
  }
}

TEST_F(Directory, ItsLockIsHeldOnce) {
  const LeaderDirectory directory(folder);
  auto first = directory.lock();
  ASSERT_TRUE(first && *first);
  EXPECT_FALSE(directory.lock().value());
  (*first)->reset();
  EXPECT_TRUE(directory.lock().value());
}

TEST(ProcessTree, KnowsThisProcess) {
  const auto self = read_stat(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_GT(self->start, 0U);
  EXPECT_FALSE(read_stat(0x7fffffff));
}

TEST(Program, IsAnExecutable) {
  EXPECT_TRUE(
      leader_program().starts_with("\x7f"
                                   "ELF"));
  EXPECT_GT(leader_program().size(), 10'000U);
}

}  // namespace

}  // namespace quietgate
