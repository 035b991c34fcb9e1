// The journal and its projections in one SQLite file (WAL, synchronous FULL: one sync per append).
// The rows and the schema's version are documented in docs/journal.md.
#pragma once

#include <memory>
#include <string>

#include "runner/adapters/journal_sqlite/archive_sqlite.h"
#include "runner/adapters/journal_sqlite/catalog_sqlite.h"
#include "runner/ports/clock.h"
#include "runner/ports/inline_journal.h"

namespace quietgate {

struct JournalStore;

class JournalSqlite final : public InlineJournal {
 public:
  // Opens or makes the file. Fails with kind infrastructure when it can't be opened, is not a journal, is damaged, or
  // was written by a newer version; nothing is changed then. `clock` must outlive the journal. One process at a time
  // (the data directory's lock sees to it).
  static Result<std::unique_ptr<JournalSqlite>> open(const std::string& path, const Clock& clock, Executor executor);
  // Opens the file of another process to read it, also while that one writes. Nothing is changed; the bell never rings,
  // and every append fails. Fails as open() does, and when the file is of an older version.
  static Result<std::unique_ptr<JournalSqlite>> open_to_read(const std::string& path, const Clock& clock,
                                                             Executor executor);
  ~JournalSqlite() override;

  Result<std::int64_t> append_now(std::vector<Event> events) override;
  Result<std::int64_t> next_number(const std::string& repository) override;
  Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit,
                                    std::optional<RunId> run = std::nullopt) override;
  std::int64_t last() const override;
  Bell& bell() override;
  // The runs of the repository that are still to come have higher numbers than this one.
  void number_above(const std::string& repository, std::int64_t number);
  // Until number_above() tells them, next_number() is an error of kind infrastructure.
  void hold_numbers(const std::string& repository);
  // Whether a row could be written now, as append() would answer: writes a page (the schema's version, as it is) like
  // an append does, and syncs.
  Result<void> probe();
  // Nothing will be asked for a while: lets go of what was kept only to be fast.
  void rest();

  // What is asked of the rows, and what lets them go: as long as the journal.
  InlineCatalog& catalog() { return catalog_; }
  Archive& archive() { return archive_; }

 private:
  explicit JournalSqlite(std::unique_ptr<JournalStore> store);
  std::unique_ptr<JournalStore> store_;
  CatalogSqlite catalog_;
  ArchiveSqlite archive_;
};

}  // namespace quietgate
