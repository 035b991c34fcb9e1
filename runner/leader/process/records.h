// The two files that a leader leaves in its directory (docs/leader.md): leader.json and status.json.
#pragma once

#include <cstdint>
#include <string>

#include "runner/leader/order.h"

namespace quietgate {

struct StepStatus {
  const char* how = "exited";  // exited, signalled, not_started
  int code = 0;
  std::string detail;
  bool log_complete = true;
  std::uint64_t log_bytes = 0;
  std::uint64_t lost_bytes = 0;
  std::int64_t started = 0;  // milliseconds since 1970
  std::int64_t ended = 0;
};

class Records {
 public:
  ~Records();
  Records() = default;
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  // Opens the directory and sets space aside for the status, so that a disk that fills up meanwhile can't lose it.
  // Empty text, or what failed.
  std::string open(const LeaderOrder& order);
  // Durable (the directory is synced) when it returns. Called in the step's process, before it is the step.
  // `group`: the folder of the step's control group, empty without one.
  std::string write_leader(const LeaderOrder& order, const std::string& group, int step);
  // Durable when it returns an empty text.
  std::string write_status(const LeaderOrder& order, const StepStatus& status);
  // Whether the directory was removed since it was opened.
  bool gone() const;

 private:
  int leader_ = 0;  // pid of who opened the records
  int directory_ = -1;
  int status_ = -1;
  bool named_ = false;  // the status has its name
};

}  // namespace quietgate
