// A cache of the records of recently requested runs, folded from the journal.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <utility>

#include "runner/api/run_record.h"
#include "runner/ports/journal.h"

namespace quietgate {

class RunRecords {
 public:
  struct Entry {
    RunRecord record;
    std::int64_t fresh_at = 0;  // the journal's last sequence when the record was brought up to date
    std::string document;       // of a finished run; empty: not built yet
  };
  explicit RunRecords(Journal& journal) : journal_(journal) {}
  // Up to date; null if there is no such run. Valid until the next call, so never across a co_await.
  Result<Entry*> find(const RunId& id);
  // Whether the run has ended and all its rows are written. An unknown run is over.
  bool over(const RunId& run);

 private:
  Journal& journal_;
  std::list<std::pair<RunId, Entry>> kept_;  // most recently used first
};

}  // namespace quietgate
