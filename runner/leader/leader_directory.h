// The directory of one leader, as the runner sees it (docs/leader.md): who leads, whether it lives, how the step ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runner/core/result.h"
#include "runner/leader/descriptor.h"
#include "runner/leader/order.h"
#include "runner/ports/process.h"

namespace quietgate {

struct LeaderRecord {
  std::string id;
  std::string boot;
  int leader = 0;
  std::uint64_t leader_start = 0;
  int step = 0;
  std::uint64_t step_start = 0;
  std::string group;  // the folder of the step's control group; empty: none
};

// What spec.json tells the runner itself; the rest of it is for people.
struct SpecRecord {
  std::string id;
  int stop_signal = 15;
  Milliseconds grace{10'000};
};

class LeaderDirectory {
 public:
  explicit LeaderDirectory(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }

  // Makes the directory, with its parents.
  Result<void> make() const;
  // The recorded exit; nothing when none is recorded. An error (infrastructure) when the record is damaged.
  Result<std::optional<ProcessExit>> exit() const;
  // Likewise for leader.json and spec.json.
  Result<std::optional<LeaderRecord>> leader() const;
  Result<std::optional<SpecRecord>> spec() const;
  // When leader.json was written; the epoch when it is not there.
  Time led_since() const;

  // A leader holds the lock as long as it lives. Nothing: somebody holds it. With the lock in hand, no leader lives
  // and none begins.
  Result<std::optional<Descriptor>> lock() const;

  // For people and for `spec()`: masked, without the values of the environment.
  Result<void> write_spec(const LeaderOrder& order) const;
  // What the leader could not write itself. Durable.
  Result<void> write_exit(const std::string& id, const ProcessExit& exit) const;

 private:
  std::string path_;
};

}  // namespace quietgate
