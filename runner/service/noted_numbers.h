// Earlier run numbers from the evidence in the remote's notes, the only source if the data directory is new.
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
  // The references must outlive it. `pool` reads the mirrors in `data`/mirrors.
  NotedNumbers(std::string data, JournalSqlite& journal, RemoteNotes& notes, BlockingPool& pool);

  // Until learn() has succeeded, the journal numbers no run of a repository without runs.
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
