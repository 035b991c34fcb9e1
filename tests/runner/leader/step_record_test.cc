#include "runner/leader/step_record.h"

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

class Record : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/quietgate-record-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& text) const { std::ofstream(path()) << text; }
  std::string read() const {
    std::ostringstream text;
    text << std::ifstream(path()).rdbuf();
    return text.str();
  }
  std::string path() const { return folder + "/a/b.step"; }
  std::string folder;
};

LeaderOrder some_order() {
  LeaderOrder order;
  order.record = "/d";
  order.id = "abc";
  order.boot = "b";
  order.argv = {"curl", "-H", "Token: s3cr3t-value", "\xff"};
  order.environment = {"A=s3cr3t-value", "B=2"};
  order.secrets = {"s3cr3t-value"};
  order.keep_descendants = true;
  order.tells_begin = true;
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

TEST_F(Record, ItTellsPeopleWhatIsToRunAndNoSecret) {
  const StepRecord record(path());
  EXPECT_FALSE(record.read()->asked);
  const auto lock = record.lock().value();
  ASSERT_TRUE(record.ask(*lock, some_order()));
  ASSERT_TRUE(record.ask(*lock, some_order())) << "in place of what stood there";
  const auto asked = record.read()->asked;
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->id, "abc");
  EXPECT_EQ(asked->stop_signal, 2);
  EXPECT_EQ(asked->grace, Milliseconds(1234));
  EXPECT_THAT(read(), HasSubstr("Token: ***"));
  EXPECT_THAT(read(), Not(HasSubstr("s3cr3t")));
  EXPECT_EQ(read().find('\n'), read().size() - 1) << "one line";
  EXPECT_EQ(std::filesystem::status(path()).permissions(), std::filesystem::perms(0600));
}

TEST_F(Record, AnExitIsReadAsItWasWritten) {
  const StepRecord record(path());
  const auto lock = record.lock().value();
  EXPECT_FALSE(record.read()->exit);
  StepExit exit;
  exit.how = StepExit::How::leader_died;
  exit.detail = "so \"it\" is";
  exit.log_complete = false;
  exit.started = Time(Milliseconds(1000));
  exit.ended = Time(Milliseconds(2000));
  ASSERT_TRUE(record.end(*lock, exit));
  const auto read = record.read()->exit;
  ASSERT_TRUE(read);
  EXPECT_EQ(read->how, exit.how);
  EXPECT_EQ(read->detail, exit.detail);
  EXPECT_FALSE(read->log_complete);
  EXPECT_EQ(read->ended, exit.ended);
}

constexpr const char* asked = R"({"version":2,"id":"a","stop_signal":15,"grace":1})";
constexpr const char* led = R"({"boot":"b","leader":{"pid":7,"start":8},"step":{"pid":9,"start":10}})";
constexpr const char* ended = R"({"how":"exited","code":0,"started":1,"ended":2,"log_complete":true,"detail":""})";

TEST_F(Record, ALineThatWasTornWasNeverWritten) {
  const StepRecord record(path());
  const auto lock = record.lock().value();
  const auto good = std::string(asked) + "\n" + led + "\n" + ended + "\n";
  const auto first = std::string(asked).size() + 1, second = first + std::string(led).size() + 1;
  for (std::size_t size = 1; size <= good.size(); ++size) {
    write(good.substr(0, size));
    const auto history = record.read();
    ASSERT_TRUE(history) << size;
    EXPECT_EQ(history->asked.has_value(), size >= first) << size;
    EXPECT_EQ(history->led.has_value(), size >= second) << size;
    EXPECT_EQ(history->exit.has_value(), size == good.size()) << size;
    // Without its first line nothing is known of the step, only that there may be one.
    EXPECT_EQ(history->damage.empty(), size >= first) << size;
  }
  write(good.substr(0, good.size() - 5));
  ASSERT_TRUE(record.end(*lock, {}));
  EXPECT_TRUE(record.read()->exit) << "what was torn is closed first";
}

TEST_F(Record, DamagedLinesAreToldWithTheirNumber) {
  const StepRecord record(path());
  const auto lock = record.lock().value();
  for (const auto* bad : {"[]", "null", R"({"version":1,"id":"a","stop_signal":15,"grace":1})", R"({"how":"gone"})",
                          R"({"boot":"b","leader":{"pid":1,"start":8},"step":{"pid":9,"start":10}})", "\xff\xfe"}) {
    write(std::string(asked) + "\n" + bad + "\n");
    const auto history = record.read();
    ASSERT_TRUE(history) << bad;
    EXPECT_THAT(history->damage, HasSubstr(path() + " is damaged in line 2: ")) << bad;
    EXPECT_FALSE(history->led || history->exit) << bad;
  }
}

TEST_F(Record, ItsLockIsHeldOnce) {
  const StepRecord record(path());
  auto first = record.lock();
  ASSERT_TRUE(first && *first);
  EXPECT_FALSE(record.lock().value());
  (*first)->reset();
  EXPECT_TRUE(record.lock().value());
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
