// A copy of a data directory that can be put in its place: the journal, and on request what belongs to it.
#pragma once

#include <cstdint>
#include <string>

#include "runner/base/result.h"

namespace quietgate {

struct BackupParts {
  bool keys = false;       // `keys/`: whoever holds them can sign evidence
  bool logs = false;       // the attempts' logs, tests, measurements and records
  bool artifacts = false;  // what stages kept
  bool any() const { return keys || logs || artifacts; }
};

struct BackupCount {
  std::int64_t rows = 0;  // of the journal
  std::int64_t last = 0;  // its last sequence
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;     // of the files beside the journal
  std::uint64_t left_out = 0;  // files of runs that can't be read, or stand too deep
};

// Copies into the folder `to`, which is made (0700; its files 0600) and must not be there; also beside a running
// service. It has its name once it is whole: what is interrupted stays as `TO.partial`, which the next one replaces.
// Fails, leaving nothing, when the disk is full, or the journal or a key can't be read. A file of a run that vanishes
// meanwhile, or that a step made unreadable, is left out; a log that grows is copied as far as it came.
Result<BackupCount> backup_data(const std::string& data, const std::string& to, const BackupParts& parts);

// Puts a backup (a folder of backup_data(), or a journal's copy alone) into a data directory that has no journal.
// Nobody may use the directory meanwhile: its lock is taken. The journal comes last: what is interrupted can be begun
// anew. Logs that are there stay. Fails with kind user when the directory has a journal, or other keys than the backup;
// infrastructure: the backup is not whole, or the disk.
Result<BackupCount> restore_data(const std::string& from, const std::string& data);

}  // namespace quietgate
