// What live streams follow: files that grow, and the journal. Many followers of one thing share its descriptor, its
// watch and the text made of its newest piece; a follower holds an offset and one piece at a time, however slow it is.
// One thread.
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

// The log of one attempt, opened when it is there.
class FollowedLog {
 public:
  FollowedLog(Executor executor, AttemptStore& store, AttemptId attempt);
  FollowedLog(const FollowedLog&) = delete;
  FollowedLog& operator=(const FollowedLog&) = delete;
  // The event with the bytes from an offset on, at most 32 KiB of them; `to == from` when there are none now.
  // `look`: in the file itself, though nobody told of news since it was found to end there.
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
  // Never null. Shared by all who follow the attempt.
  std::shared_ptr<FollowedLog> open(const AttemptId& attempt);
  // How long a follower may wait before it looks again: long when the file is watched, short when it can't be (yet).
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

// The journal's newest rows as events, made once for all who follow; while nobody does, not at all.
class FollowedJournal {
 public:
  FollowedJournal(Executor executor, Journal& journal);
  // Held by whoever follows. The journal must outlive it.
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
    std::int64_t cursor = 0;  // go on after this
    bool caught_up = false;   // there are no more rows now
  };
  Task<Result<Batch>> next(EventFeed feed);
  Bell& news() { return news_; }
  // Takes up the rows that were written since the last call; answers them. One at a time.
  Task<Result<std::vector<Row>>> take_up();
  // Rows of which texts are at hand.
  std::size_t kept() const { return recent_.size(); }
  // Rows that could not be read and were stepped over.
  std::int64_t damaged() const { return damaged_; }
  // Rows were written that take_up() has not answered yet.
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
