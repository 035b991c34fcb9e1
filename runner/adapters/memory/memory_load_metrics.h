// Load metrics of this process, from zero at its start.
#pragma once

#include "runner/ports/load_metrics.h"

namespace quietgate {

class MemoryLoadMetrics final : public LoadMetrics {
 public:
  void begin(const std::string& repository) override;
  void end(const std::string& repository) override;
  void count(const std::string& repository, std::int64_t requests, std::int64_t failed) override;
  std::map<std::string, Counts> by_repository() const override { return by_repository_; }

 private:
  std::map<std::string, Counts> by_repository_;
};

}  // namespace quietgate
