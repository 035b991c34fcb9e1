// A journal that answers at once, on the thread that asks: nothing else runs between a question and its answer.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runner/ports/journal.h"

namespace quietgate {

class InlineJournal : public Journal {
 public:
  // As Journal::append().
  virtual Result<std::int64_t> append_now(std::vector<Event> events) = 0;
  // As Journal::read().
  virtual Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit,
                                            std::optional<RunId> run = std::nullopt) = 0;
  // Of the repository's next run. An error of kind infrastructure when it can't be told.
  virtual Result<std::int64_t> next_number(const std::string& repository) = 0;

  Task<Result<std::int64_t>> append(std::vector<Event> events) override { co_return append_now(std::move(events)); }
  Task<Result<std::int64_t>> append_runs(std::string repository, NewRuns make) override;
  Task<Result<std::optional<std::int64_t>>> append_unless_moved(std::vector<Event> events, RunId run,
                                                                std::int64_t seen) override;
  Task<Result<std::vector<Row>>> read(std::int64_t after, std::size_t limit, std::optional<RunId> run) override {
    co_return read_now(after, limit, std::move(run));
  }
};

}  // namespace quietgate
