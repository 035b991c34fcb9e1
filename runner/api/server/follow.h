// Sources of live streams: growing log files, and the journal. Followers of one source share its descriptor, its file
// watch and the text of its newest piece. A follower holds only an offset and one piece at a time, however slow it is.
// Single-threaded.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runner/api/exchange.h"
#include "runner/base/task.h"
#include "runner/ports/attempt_store.h"
#include "runner/ports/journal.h"

namespace quietgate {

using Piece = std::shared_ptr<const std::string>;  // text as it is sent

struct LogPiece {
  Piece text;
  std::int64_t to = 0;  // offset after it
};

// The log of one attempt; opened when the file exists.
class FollowedLog {
 public:
  FollowedLog(Executor executor, AttemptStore& store, AttemptId attempt);
  FollowedLog(const FollowedLog&) = delete;
  FollowedLog& operator=(const FollowedLog&) = delete;
  // The event with at most 32 KiB of bytes from an offset on; `to == from` if there are none now. `look`: reads the
  // file even if the file watch has reported no change.
  LogPiece next(std::int64_t from, bool look = false);
  Bell& news() { return news_; }

 private:
  friend class FollowedLogs;
  AttemptStore& store_;
  AttemptId attempt_;
  Descriptor file_;
  int watch_ = -1;
  Bell news_;
  std::deque<std::pair<std::int64_t, LogPiece>> recent_;  // by `from`
  std::int64_t end_ = -1;                                 // where the watched file ended after so many rings
  std::uint64_t end_rings_ = 0;
};

class FollowedLogs {
 public:
  FollowedLogs(Executor executor, AttemptStore& store);  // which outlives it
  ~FollowedLogs();
  // Never null. All followers of the attempt share it.
  std::shared_ptr<FollowedLog> open(const AttemptId& attempt);
  // How long a follower may wait before it reads again: long if the file is watched, short if it can't be watched
  // (yet).
  Milliseconds patience(FollowedLog& log, Milliseconds long_wait);
  void tell_all();
  Task<void> watch(Stop& stop);  // until stopped; throws Stopped

 private:
  void drain();
  Executor executor_;
  AttemptStore& store_;
  int inotify_ = -1;
  std::map<AttemptId, std::weak_ptr<FollowedLog>> logs_;
};

// The journal's newest rows as events, built once for all followers, and only while there are followers.
class FollowedJournal {
 public:
  FollowedJournal(Executor executor, Journal& journal);
  // Each follower holds one. The journal must outlive it.
  class Follower {
   public:
    explicit Follower(FollowedJournal& journal) : journal_(journal) { ++journal_.followers_; }
    ~Follower() { --journal_.followers_; }
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

   private:
    FollowedJournal& journal_;
  };
  struct Batch {
    std::vector<Piece> pieces;
    std::int64_t cursor = 0;  // continue after this
    bool caught_up = false;   // there are no more rows now
  };
  Task<Result<Batch>> next(EventFeed feed);
  Bell& news() { return news_; }
  // Returns the rows that were written since the last call. One at a time.
  Task<Result<std::vector<Row>>> take_up();
  // Number of rows whose text is kept.
  std::size_t kept() const { return recent_.size(); }
  // Number of rows that could not be read and were skipped.
  std::int64_t damaged() const { return damaged_; }
  // There are new rows that take_up() has not returned yet.
  bool behind() const { return cursor_ < journal_.last(); }

 private:
  struct Recent {
    std::int64_t sequence;
    RunId run;
    Piece text;
  };
  Journal& journal_;
  std::int64_t cursor_;
  Bell news_;
  int followers_ = 0;
  std::deque<Recent> recent_;  // without gaps, up to cursor_; empty: not kept
  std::size_t recent_bytes_ = 0;
  std::int64_t damaged_ = 0;
};

}  // namespace quietgate
