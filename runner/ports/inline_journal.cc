#include "runner/ports/inline_journal.h"

namespace quietgate {

Task<Result<std::int64_t>> InlineJournal::append_runs(std::string repository, NewRuns make) {
  const auto number = next_number(repository);
  if (!number) co_return number.error();
  co_return append_now(make(*number));
}

Task<Result<std::optional<std::int64_t>>> InlineJournal::append_unless_moved(std::vector<Event> events, RunId run,
                                                                             std::int64_t seen) {
  using Answer = std::optional<std::int64_t>;
  const auto later = read_now(seen, 1, std::move(run));
  if (!later) co_return later.error();
  if (!later->empty()) co_return Answer();
  const auto written = append_now(std::move(events));
  if (!written) co_return written.error();
  co_return Answer(*written);
}

}  // namespace quietgate
