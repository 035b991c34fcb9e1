// Earlier run numbers by the evidence in the remote's notes: all that is left of them when the data directory is new.
#pragma once

#include <set>
#include <string>

#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/base/blocking_pool.h"
#include "runner/ports/earlier_numbers.h"
#include "runner/ports/remote_notes.h"

namespace quietgate {

class NotedNumbers final : public EarlierNumbers {
 public:
  // The references must outlive it. `pool` reads what was fetched into `data`/mirrors.
  NotedNumbers(std::string data, JournalSqlite& journal, RemoteNotes& notes, BlockingPool& pool);

  // Until learn() has succeeded, the journal numbers no run of a repository of which it knows none.
  Result<void> hold(const std::string& repository);
  Task<Result<void>> learn(GitRemote remote, Stop& stop) override;

 private:
  std::string data_;
  JournalSqlite& journal_;
  RemoteNotes& notes_;
  BlockingPool& pool_;
  std::set<std::string> held_;
};

}  // namespace quietgate
