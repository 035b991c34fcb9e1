#include "runner/service/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <memory>
#include <vector>

#include "runner/ports/inline_journal.h"

namespace quietgate {
namespace {

// Nothing but its bell.
struct SilentJournal final : InlineJournal {
  explicit SilentJournal(Executor executor) : ringing(std::move(executor)) {}
  Result<std::int64_t> append_now(std::vector<Event>) override { return 0; }
  Result<std::int64_t> next_number(const std::string&) override { return 1; }
  Result<std::vector<Row>> read_now(std::int64_t, std::size_t, std::optional<RunId>) override {
    return std::vector<Row>();
  }
  std::int64_t last() const override { return 0; }
  Bell& bell() override { return ringing; }
  Bell ringing;
};

std::size_t resident_kilobytes() {
  std::size_t whole = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> whole >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

// Work that leaves 64 MB free below a block that is still in use: nothing that the allocator gives back by itself.
class PastWork {
 public:
  PastWork() {
    std::vector<std::unique_ptr<char[]>> blocks(64 * 1024);
    for (auto& block : blocks) {
      block = std::make_unique<char[]>(1000);
      block[0] = 1;
    }
    kept_ = std::move(blocks.back());
  }

 private:
  std::unique_ptr<char[]> kept_;
};

TEST(Memory, WhatWorkHasFreedGoesBackWhenTheJournalIsSilent) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "SKIPPED: the sanitizer's allocator gives nothing back";
#endif
  boost::asio::io_context io;
  SilentJournal journal(io.get_executor());
  Stop stop;
  bool dropped = false;
  const std::function<void()> drop_caches = [&dropped] { dropped = true; };
  spawn(io.get_executor(), give_memory_back(journal, drop_caches, stop), [](std::exception_ptr) {});
  io.run_for(Milliseconds(1));
  const PastWork work;
  const auto after_work = resident_kilobytes();
  journal.ringing.ring();
  // As long as the bell rings there is work, which would need it again.
  for (int rings = 0; rings < 20; ++rings) {
    io.run_for(Milliseconds(100));
    journal.ringing.ring();
  }
  EXPECT_GT(resident_kilobytes() + 8 * 1024, after_work) << "it came back in the middle of the work";
  EXPECT_FALSE(dropped) << "what makes the work fast is needed";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (resident_kilobytes() + 48 * 1024 > after_work && std::chrono::steady_clock::now() < deadline)
    io.run_for(Milliseconds(100));
  EXPECT_LE(resident_kilobytes() + 48 * 1024, after_work) << "of 64 MB";
  EXPECT_TRUE(dropped) << "what the journal keeps is not free by itself";
  stop.request(StopReason::shutdown, "the test is over");
  io.run();
}

}  // namespace
}  // namespace quietgate
