#include "stages/load/counted_load.h"

#include <algorithm>
#include <utility>

namespace quietgate {

CountedLoad::CountedLoad(LoadMetrics* metrics, std::string repository)
    : metrics_(metrics), repository_(std::move(repository)) {
  if (metrics_ != nullptr) metrics_->begin(repository_);
}

CountedLoad::~CountedLoad() {
  if (metrics_ != nullptr) metrics_->end(repository_);
}

void CountedLoad::count(std::int64_t requests, std::int64_t failures) {
  if (metrics_ == nullptr) return;
  if (std::exchange(late_, false)) {
    requests_ = requests;
    failures_ = failures;
  }
  metrics_->count(repository_, std::max<std::int64_t>(0, requests - requests_),
                  std::max<std::int64_t>(0, failures - failures_));
  requests_ = requests;
  failures_ = failures;
}

}  // namespace quietgate
