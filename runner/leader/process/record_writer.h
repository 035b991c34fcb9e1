// What a leader adds to the record of its step (docs/leader.md): that it leads, and how the step ended.
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

class RecordWriter {
 public:
  RecordWriter();  // of the calling process as the leader

  // `record`: the file, locked and open for appending; not taken. Sets space aside, so that a disk that fills up
  // meanwhile can't lose the status. Empty text, or what failed.
  std::string open(const LeaderOrder& order, int record);
  // Durable when it returns, unless the journal knows of the begin. Called in the step's process, before it is the
  // step. `group`: the folder of the step's control group, empty without one.
  std::string write_leader(const LeaderOrder& order, const std::string& group, int step);
  // Others can read it when it returns an empty text; it is durable when sync() does, too. Writes once.
  // `journaled`: the journal knows of the step's begin, and its folder need not be synced for the record to be found.
  std::string write_status(const LeaderOrder& order, const StepStatus& status);
  std::string sync(bool journaled) const;
  // The line that write_status wrote.
  const std::string& status() const { return status_; }
  // Whether the file was removed since it was opened.
  bool removed() const;

 private:
  std::string add(const std::string& line) const;

  std::string leader_;  // its pid and start, as JSON
  std::string path_;
  std::string status_;
  int record_ = -1;
  bool ended_ = false;  // the status is written
};

}  // namespace quietgate
