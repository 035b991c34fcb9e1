// How much a file may become: what its matrices, aliases and expressions make of it is counted while it is read, so
// that no short file fills the memory.
#pragma once

#include <cstddef>
#include <functional>

#include "pipelines/yaml/diagnostics.h"

namespace quietgate {

class Budget {
 public:
  static constexpr std::size_t most_values = 250'000;
  static constexpr std::size_t most_bytes = 4UL * 1024 * 1024;

  // `ended` is asked now and then: true when nobody waits for the answer any more.
  Budget(Diagnostics& diagnostics, const std::function<bool()>& ended) : diagnostics_(diagnostics), ended_(ended) {}

  // So much more is made of what stands here. Throws ReadingEnded when it is too much in all.
  void charge(Position at, std::size_t values, std::size_t bytes);

 private:
  Diagnostics& diagnostics_;
  const std::function<bool()>& ended_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
  std::size_t charges_ = 0;
};

}  // namespace quietgate
