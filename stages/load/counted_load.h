// A load's part in the runner's own metrics.
#pragma once

#include <cstdint>
#include <string>

#include "runner/ports/load_metrics.h"

namespace quietgate {

// The load counts as active as long as this lives.
class CountedLoad {
 public:
  // `metrics` must outlive this; null: nobody counts.
  CountedLoad(LoadMetrics* metrics, std::string repository);
  ~CountedLoad();
  CountedLoad(const CountedLoad&) = delete;
  CountedLoad& operator=(const CountedLoad&) = delete;

  // Call before the first count of a load that an earlier runner started: what that count finds is not counted again.
  void begin_late() { late_ = true; }
  // The load's requests and failures so far, since its begin.
  void count(std::int64_t requests, std::int64_t failures);

 private:
  LoadMetrics* metrics_;
  std::string repository_;
  bool late_ = false;
  std::int64_t requests_ = 0;
  std::int64_t failures_ = 0;
};

}  // namespace quietgate
