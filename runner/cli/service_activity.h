// The progress of a run's stages, requested from the service about once a second.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "runner/cli/api_client.h"
#include "runner/cli/terminal/stage_activity.h"
#include "runner/model/types.h"

namespace quietgate {

class ServiceActivity {
 public:
  // `client` must outlive it.
  explicit ServiceActivity(ApiClient& client) : client_(client) {}
  // Implements ActivityOf (terminal/stage_activity.h). Answers are cached for a second.
  StageActivity of(const RunId& run, const std::string& stage, int attempt);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  ApiClient& client_;
  std::string run_;  // the run's document, which contains all stages
  Moment asked_;
  std::map<std::string, std::pair<StageActivity, Moment>> known_;
};

}  // namespace quietgate
