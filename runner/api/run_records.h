// A cache of the records of recently requested runs, folded from the journal.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "runner/api/run_record.h"
#include "runner/base/task.h"
#include "runner/ports/journal.h"

namespace quietgate {

class RunRecords {
 public:
  struct Entry {
    RunRecord record;
    std::int64_t fresh_at = -1;  // the journal's last sequence when the record was brought up to date
    std::string document;        // of a finished run; empty: not built yet
  };
  explicit RunRecords(Journal& journal) : journal_(journal) {}
  // Holds every row that was written before the call; null when there is no such run. Rows are added to it while others
  // ask, so what is read of it over a co_await may be of two moments, and no reference into it lasts so long.
  Task<Result<std::shared_ptr<Entry>>> find(RunId id);
  // Whether the run has ended and all its rows are written. An unknown run is over.
  Task<bool> over(RunId run);

 private:
  using Kept = std::list<std::pair<RunId, std::shared_ptr<Entry>>>;
  std::shared_ptr<Entry> entry_of(const RunId& id);
  void forget(const RunId& id);

  Journal& journal_;
  Kept kept_;  // most recently used first
};

}  // namespace quietgate
