// Limits the expansion of a file by matrices, aliases and expressions while it is read, so that a short file cannot
// exhaust the memory.
#pragma once

#include <cstddef>
#include <functional>

#include "pipelines/yaml/diagnostics.h"

namespace quietgate {

class Budget {
 public:
  static constexpr std::size_t most_values = 250'000;
  static constexpr std::size_t most_bytes = 4UL * 1024 * 1024;

  // `ended` is called from time to time; true if the result is no longer needed.
  Budget(Diagnostics& diagnostics, const std::function<bool()>& ended) : diagnostics_(diagnostics), ended_(ended) {}

  // Adds the expansion at this place. Throws ReadingEnded if the total is too large.
  void charge(Position at, std::size_t values, std::size_t bytes);

 private:
  Diagnostics& diagnostics_;
  const std::function<bool()>& ended_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
  std::size_t charges_ = 0;
};

}  // namespace quietgate
