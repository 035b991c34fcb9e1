#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "runner/leader/log_reader.h"
#include "runner/leader/log_writer.h"

namespace quietgate {

namespace {

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class Log : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/quietgate-log-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder = name;
    path = folder + "/log";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::string folder;
  std::string path;
};

Time at(std::int64_t milliseconds) {
  return Time(Milliseconds(milliseconds));
}

void set_time(const std::string& path, std::int64_t milliseconds) {
  const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  const struct timespec times[] = {time, time};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

TEST_F(Log, IsIndexedAtMostTenTimesASecond) {
  LogWriter writer;
  ASSERT_EQ(writer.open(path, false), "");
  for (int i = 0; i < 1000; ++i) writer.write({"line\n"}, 1'000'000 + i);
  const auto index = read(path + ".index");
  EXPECT_TRUE(index.starts_with("quietgate-log-index 1\n1000000 0\n1000100 500\n")) << index;
  EXPECT_EQ(std::count(index.begin(), index.end(), '\n'), 11);
  EXPECT_EQ(writer.written(), 5000U);
}

TEST_F(Log, WritersShareALog) {
  LogWriter one;
  LogWriter two;
  ASSERT_EQ(one.open(path, false), "");
  one.write({"abc", "def\n"}, 5'000);
  set_time(path, 5'000);
  ASSERT_EQ(two.open(path, false), "");
  two.write({"ghi\n"}, 6'000);
  one.write({"jkl\n"}, 7'000);
  EXPECT_EQ(read(path), "abcdef\nghi\njkl\n");
  EXPECT_EQ(read(path + ".index"), "quietgate-log-index 1\n5000 0\n6000 7\n7000 11\n");
}

TEST_F(Log, OfOneMomentNeedsNoIndex) {
  LogWriter writer;
  ASSERT_EQ(writer.open(path, false), "");
  EXPECT_FALSE(LogIndex(path).time_at(0)) << "nothing was printed";
  writer.write({"abc\n"}, 5'000);
  writer.write({"def\n"}, 5'099);
  set_time(path, 5'099);
  EXPECT_FALSE(std::filesystem::exists(path + ".index"));
  EXPECT_EQ(LogIndex(path).time_at(4), at(5'099));
  EXPECT_EQ(LogIndex(path).offset_at(at(5'000)), 0U);
  EXPECT_EQ(LogIndex(path).offset_at(at(9'000)), 0U);
  writer.write({"ghi\n"}, 5'100);
  EXPECT_EQ(read(path + ".index"), "quietgate-log-index 1\n5000 0\n5100 8\n");
  EXPECT_EQ(LogIndex(path).time_at(4), at(5'000));
  EXPECT_EQ(LogIndex(path).time_at(8), at(5'100));
}

TEST_F(Log, ManyPiecesAreAppendedInOrder) {
  LogWriter writer;
  ASSERT_EQ(writer.open(path, false), "");
  std::vector<std::string_view> pieces(1000, "ab");
  writer.write(pieces, 1);
  EXPECT_EQ(read(path).size(), 2000U);
}

TEST_F(Log, FindsTimesAndOffsetsInALongIndex) {
  LogWriter writer;
  ASSERT_EQ(writer.open(path, false), "");
  const int entries = 5000;
  for (int i = 0; i < entries; ++i) writer.write({"0123456789"}, 1'000'000 + i * 1000);
  const LogIndex index(path);
  for (int i = 0; i < entries; ++i) {
    ASSERT_EQ(index.offset_at(at(1'000'000 + i * 1000)), static_cast<std::uint64_t>(i) * 10);
    ASSERT_EQ(index.offset_at(at(1'000'999 + i * 1000)), static_cast<std::uint64_t>(i) * 10);
    ASSERT_EQ(index.time_at(static_cast<std::uint64_t>(i) * 10 + 9), at(1'000'000 + i * 1000));
  }
  EXPECT_EQ(index.offset_at(at(0)), 0U);
  EXPECT_EQ(index.offset_at(at(9'000'000)), static_cast<std::uint64_t>(entries - 1) * 10);
}

TEST_F(Log, ADamagedOrMissingIndexKnowsWhatItKnows) {
  EXPECT_EQ(LogIndex(path).offset_at(at(5)), 0U);
  EXPECT_FALSE(LogIndex(path).time_at(0));
  std::ofstream(path + ".index")
      << "quietgate-log-index 1\n1000 0\n20\nquietgate-log-index 1\n\n\xff garbage\n3000 70\n4000 8";
  const LogIndex index(path);
  EXPECT_EQ(index.offset_at(at(2'999)), 0U);
  EXPECT_EQ(index.offset_at(at(9'999)), 70U);
  EXPECT_EQ(index.time_at(71), at(3'000));
}

TEST_F(Log, IsReadWhileItGrows) {
  LogReader reader(path);
  char buffer[8];
  EXPECT_EQ(reader.read(0, buffer, sizeof buffer).value(), 0U);
  EXPECT_EQ(reader.size().value(), 0U);
  LogWriter writer;
  ASSERT_EQ(writer.open(path, false), "");
  writer.write({"hello, world"}, 1);
  EXPECT_EQ(reader.size().value(), 12U);
  EXPECT_EQ(reader.read(0, buffer, sizeof buffer).value(), 8U);
  EXPECT_EQ(reader.read(8, buffer, sizeof buffer).value(), 4U);
  EXPECT_EQ(std::string(buffer, 4), "orld");
  EXPECT_EQ(reader.read(12, buffer, sizeof buffer).value(), 0U);
}

// A file that may not grow stands for a disk that is full.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : before_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limits_);
    set(bytes);
  }
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &limits_);
    ::signal(SIGXFSZ, before_);
  }
  void set(rlim_t bytes) {
    auto now = limits_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }

 private:
  struct rlimit limits_ = {};
  sighandler_t before_;
};

TEST_F(Log, LostBytesAreCountedAndMarkedWhereTheyWere) {
  LogWriter writer;
  ASSERT_EQ(writer.open(path, false), "");
  {
    FileLimit full(100);
    writer.write({std::string(90, 'a')}, 1);
    writer.write({std::string(30, 'b')}, 2);  // ten of them fit
    writer.write({std::string(40, 'c')}, 3);
    EXPECT_EQ(writer.lost(), 60U);
    full.set(110);  // room for a part of the marker
    writer.write({"dddd"}, 4);
    EXPECT_EQ(writer.lost(), 64U);
  }
  writer.write({"e\n"}, 5);
  writer.finish();
  EXPECT_EQ(read(path), std::string(90, 'a') + std::string(10, 'b') +
                            "\n[quietgate: 60 bytes of log lost: File too large]\n"
                            "[quietgate: 4 bytes of log lost: File too large]\n"
                            "e\n");
  EXPECT_EQ(writer.lost(), 64U);
  EXPECT_EQ(writer.written(), 102U);
}

TEST_F(Log, AFullDiskLosesAndNeverFails) {
  LogWriter writer;
  const FileLimit full(0);
  ASSERT_EQ(writer.open(path, false), "");
  for (int i = 0; i < 10; ++i) writer.write({"abc", "de"}, i);
  writer.finish();
  EXPECT_EQ(writer.lost(), 50U);
  EXPECT_EQ(writer.why_lost(), "File too large");
}

TEST_F(Log, EndsAtItsLimitAndSaysSoOnce) {
  const std::string end = "[quietgate: the log reached its limit of 1 KiB: the rest is not kept]\n";
  {
    LogWriter writer;
    ASSERT_EQ(writer.open(path, false), "");
    writer.limit(1024);
    writer.write({std::string(1000, 'a'), std::string(20, 'b')}, 1);
    EXPECT_EQ(writer.lost(), 0U);
    writer.write({std::string(3, 'c'), std::string(7, 'd'), "e"}, 2);
    writer.write({std::string(5000, 'f')}, 3);
    writer.finish();
    EXPECT_EQ(writer.lost(), 7U + 5000U);
    EXPECT_EQ(writer.written(), 1024U);
    EXPECT_EQ(writer.why_lost(), "it reached its limit of 1 KiB");
  }
  const auto whole = std::string(1000, 'a') + std::string(20, 'b') + "cccd\n" + end;
  EXPECT_EQ(read(path), whole);
  LogWriter next;  // of the next step
  ASSERT_EQ(next.open(path, false), "");
  next.limit(1024);
  next.write({"more"}, 4);
  next.finish();
  EXPECT_EQ(next.lost(), 4U);
  EXPECT_EQ(read(path), whole);

  LogWriter raw;
  ASSERT_EQ(raw.open(folder + "/raw", true), "");
  raw.limit(1024);
  raw.write({std::string(2000, 'r')}, 5);
  raw.finish();
  EXPECT_EQ(read(folder + "/raw"), std::string(1024, 'r')) << "no words of ours in a program's output";
}

TEST_F(Log, TwoWritersKeepOneLimit) {
  LogWriter one;
  LogWriter two;
  ASSERT_EQ(one.open(path, false), "");
  ASSERT_EQ(two.open(path, false), "");
  for (auto* writer : {&one, &two}) writer->limit(10'000);
  for (int i = 1; i <= 1000; ++i) {  // a second apart: each looks at the file's end
    one.write({std::string(50, 'a')}, i * 1'000);
    two.write({std::string(50, 'b')}, i * 1'000);
  }
  EXPECT_EQ(one.lost() + two.lost(), 100'000U - one.written() - two.written());
  EXPECT_LE(one.written() + two.written(), 10'100U);
  EXPECT_GE(one.written() + two.written(), 10'000U);
}

TEST_F(Log, SaysWhyItCannotBeOpened) {
  LogWriter writer;
  EXPECT_EQ(writer.open(folder + "/none/log", false), folder + "/none/log: No such file or directory");
}

// A step may have put anything in the place of a log: nobody waits for it, nor follows where it leads.
TEST_F(Log, WhatIsNoPlainFileIsNeitherWrittenNorRead) {
  std::ofstream(folder + "/other") << "other\n";
  const std::vector<std::function<int()>> others{
      [&] { return ::mkfifo(path.c_str(), 0600); }, [&] { return ::symlink("other", path.c_str()); },
      [&] { return ::link((folder + "/other").c_str(), path.c_str()); }, [&] { return ::mkdir(path.c_str(), 0700); },
      [&] { return ::symlink("/dev/zero", path.c_str()); }};
  for (std::size_t i = 0; i < others.size(); ++i) {
    ASSERT_EQ(others[i](), 0);
    EXPECT_EQ(LogWriter().open(path, false), path + ": it is not a plain file: something was put in its place") << i;
    EXPECT_EQ(LogWriter().open(path, true), path + ": it is not a plain file: something was put in its place") << i;
    char byte = 0;
    if (i != 2) {  // to read, a second name does no harm
      const auto got = LogReader(path).read(0, &byte, 1);
      ASSERT_FALSE(got) << i;
      EXPECT_THAT(got.error().message, ::testing::HasSubstr("it is not a plain file")) << i;
    }
    std::filesystem::remove(path);
  }
  EXPECT_EQ(read(folder + "/other"), "other\n");
}

// The reader of a pipe that is there makes an opening to write succeed.
TEST_F(Log, APipeThatSomebodyReadsIsNotWritten) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(LogWriter().open(path, false), path + ": it is not a plain file: something was put in its place");
  ::close(reader);
}

TEST_F(Log, APipeInTheIndexsPlaceCostsTheIndex) {
  ASSERT_EQ(::mkfifo((path + ".index").c_str(), 0600), 0);
  LogWriter writer;
  ASSERT_EQ(writer.open(path, false), "");
  writer.write({"one\n"}, 1'000);
  writer.write({"two\n"}, 2'000);
  EXPECT_EQ(read(path), "one\ntwo\n");
  EXPECT_EQ(LogIndex(path).offset_at(at(1'500)), 0U);
}

}  // namespace

}  // namespace quietgate
