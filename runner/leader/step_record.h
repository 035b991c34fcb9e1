// The record of one step, as the runner sees it (docs/leader.md): what was to run, who leads it, how it ended. One
// file, to which each of them adds a line; who leads the step holds the file's lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runner/base/descriptor.h"
#include "runner/base/result.h"
#include "runner/leader/order.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

// What the first line tells the runner itself; the rest of it is for people.
struct StepAsked {
  std::string id;
  std::string nonce;  // of the attempt that began it; empty: none was told
  int stop_signal = 15;
  Milliseconds grace{10'000};
};

struct StepLed {
  std::string boot;
  int leader = 0;
  std::uint64_t leader_start = 0;
  int step = 0;
  std::uint64_t step_start = 0;
  std::string group;  // the folder of the step's control group; empty: none
};

struct StepHistory {
  std::optional<StepAsked> asked;
  std::optional<StepLed> led;
  std::optional<StepExit> exit;
  std::string damage;  // of a line that can't be understood; empty: none. What has no end of line was never written
  Time touched{};      // when something was written last; the epoch when there is no file
};

// How the step ended, from the record's line that says so; nothing when it says something else.
std::optional<StepExit> exit_told(std::string_view line);

class StepRecord {
 public:
  explicit StepRecord(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  // Nothing of it when there is no such file. Errors are infrastructure: it can't be read.
  Result<StepHistory> read() const;

  // A leader holds the lock as long as it lives. Nothing: somebody holds it. With the lock in hand, no leader lives
  // and none begins. Makes the file, and its folders.
  Result<std::optional<Descriptor>> lock() const;

  // With the lock in hand. The first line, in place of all that stood there: for people, and for `read`; masked,
  // without the values of the environment.
  Result<void> ask(const Descriptor& lock, const LeaderOrder& order, const std::string& nonce = {}) const;
  // With the lock in hand. What the leader could not write itself. Durable.
  Result<void> end(const Descriptor& lock, const StepExit& exit) const;

 private:
  std::string path_;
};

}  // namespace quietgate
