// Sends a log or the journal as Server-Sent Events, until it ends or the reader disconnects.
#pragma once

#include <cstddef>
#include <string_view>

#include "runner/api/api.h"
#include "runner/api/server/follow.h"
#include "runner/base/task.h"

namespace quietgate {

// The reader of a stream.
class StreamFollower {
 public:
  virtual ~StreamFollower() = default;
  // Sends without waiting; returns the number of bytes that were accepted.
  virtual std::size_t put_now(std::string_view text) = 0;
  // Waits until the whole text is accepted; false if the reader has disconnected. The text must stay valid until then.
  virtual Task<bool> put(std::string_view text) = 0;
  // Requested when the reader leaves, or the server stops.
  virtual Stop& stop() = 0;
};

class Streams {
 public:
  // `heartbeat`: interval of comments in a silent stream.
  Streams(Executor executor, Api& api, Milliseconds heartbeat);
  // Each runs until it is stopped, then throws Stopped. Streams need both.
  Task<void> watch_logs(Stop& stop) { return logs_.watch(stop); }
  Task<void> tail_journal(Stop& stop);
  // The reader must outlive them. They throw Stopped when `reader.stop()` is requested.
  Task<void> send_log(StreamFollower& reader, LogFeed feed);
  Task<void> send_events(StreamFollower& reader, EventFeed feed);

 private:
  Api& api_;
  Milliseconds heartbeat_;
  FollowedLogs logs_;
  FollowedJournal journal_;
};

}  // namespace quietgate
