// Appends to a log and to its time index. Several writers may append to one log: each write is appended as a whole.
//
// The index (`LOG.index`, docs/leader.md) says when bytes were printed: at most one line per `index_every`, and none
// while the log's own time says as much.
// A full disk never fails the writer: bytes that don't fit are counted, and when there is space again a line
// `[quietgate: N bytes of log lost: No space left on device]` stands where they were.
// A log that reaches its limit ends with `[quietgate: the log reached its limit of 1 GiB: the rest is not kept]`; what
// comes after is counted as lost.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

class LogWriter {
 public:
  static constexpr std::int64_t index_every = 100;  // milliseconds

  LogWriter() = default;
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Opens `path` for appending, creating it. `raw`: neither index nor marker lines; what the file held is dropped.
  // Returns an empty text, or why it could not be opened.
  std::string open(const std::string& path, bool raw);

  // Of the file as a whole, in bytes; 0: none. Others that append meanwhile are noticed a little later.
  void limit(std::uint64_t bytes) { limit_ = bytes; }
  // Appends the pieces in order. `now`: milliseconds since 1970.
  void write(const std::vector<std::string_view>& pieces, std::int64_t now);
  // Nothing follows: says what was lost, if that was not said yet and there is space.
  void finish();

  std::uint64_t written() const { return written_; }
  std::uint64_t lost() const { return lost_ + cut_; }
  std::string why_lost() const;  // empty while nothing is lost

 private:
  bool append(struct iovec* vectors, std::size_t count, std::int64_t now);
  bool append_marker();
  std::size_t room_for(std::size_t bytes) const;
  void cut(std::uint64_t bytes);
  void note(std::int64_t now, ssize_t bytes);
  bool open_index();
  void lose(std::uint64_t bytes, int error);

  int log_ = -1;
  int index_ = -1;
  std::string path_;
  std::int64_t begun_ = 0;  // when the log's first bytes were printed, as far as is known; 0: not known
  bool raw_ = false;
  std::int64_t indexed_ = 0;  // when the last index line was written
  bool index_torn_ = false;   // the last index line was not written to its end
  std::uint64_t written_ = 0;
  std::uint64_t limit_ = 0;
  std::uint64_t end_ = 0;  // of the file, as far as is known
  std::uint64_t cut_ = 0;  // bytes beyond the limit
  std::uint64_t lost_ = 0;
  std::uint64_t unsaid_ = 0;  // lost, and not yet said in a marker
  std::string marker_;        // what is left to write of a marker
  bool marker_begun_ = false;
  int error_ = 0;  // of the last loss
  char last_byte_ = '\n';
};

}  // namespace quietgate
