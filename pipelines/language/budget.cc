#include "pipelines/language/budget.h"

namespace quietgate {

void Budget::charge(Position at, std::size_t values, std::size_t bytes) {
  values_ += values;
  bytes_ += bytes;
  if (++charges_ % 64 == 0 && ended_ && ended_()) throw ReadingEnded{};
  const char* remedy = "fewer matrix combinations, or fewer variables and values in the stages that they repeat";
  if (values_ > most_values) {
    diagnostics_.add(at, "up to here the stages have more than 250,000 values, with matrices and aliases expanded",
                     remedy);
    throw ReadingEnded{};
  }
  if (bytes_ > most_bytes) {
    diagnostics_.add(at, "up to here the stages have more than 4 MiB of text, with matrices and expressions expanded",
                     remedy);
    throw ReadingEnded{};
  }
}

}  // namespace quietgate
