// Server-Sent Events to whoever follows a log or the journal, until it is over or the follower leaves.
#pragma once

#include <cstddef>
#include <string_view>

#include "runner/api/api.h"
#include "runner/api/server/follow.h"
#include "runner/base/task.h"

namespace quietgate {

// Who follows a stream.
class StreamFollower {
 public:
  virtual ~StreamFollower() = default;
  // How many bytes of it were taken without waiting.
  virtual std::size_t put_now(std::string_view text) = 0;
  // Waits until all is taken; false: the reader is gone. The text stays where it is until then.
  virtual Task<bool> put(std::string_view text) = 0;
  // Requested when the reader leaves, or the server stops.
  virtual Stop& stop() = 0;
};

class Streams {
 public:
  // `heartbeat`: how long a stream without news says nothing.
  Streams(Executor executor, Api& api, Milliseconds heartbeat);
  // Each until it is stopped, then throws Stopped; streams need both.
  Task<void> watch_logs(Stop& stop) { return logs_.watch(stop); }
  Task<void> tail_journal(Stop& stop);
  // The reader outlives them. Throw Stopped as `reader.stop()` tells.
  Task<void> send_log(StreamFollower& reader, LogFeed feed);
  Task<void> send_events(StreamFollower& reader, EventFeed feed);

 private:
  Api& api_;
  Milliseconds heartbeat_;
  FollowedLogs logs_;
  FollowedJournal journal_;
};

}  // namespace quietgate
