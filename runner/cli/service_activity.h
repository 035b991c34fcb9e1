// How the stages of a run are doing, asked of the service about once a second.
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
  // `client` outlives it.
  explicit ServiceActivity(ApiClient& client) : client_(client) {}
  // As ActivityOf (terminal/stage_activity.h). What was answered within the last second is not asked again.
  StageActivity of(const RunId& run, const std::string& stage, int attempt);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  ApiClient& client_;
  std::string run_;  // the run's document; all stages are read from one
  Moment asked_;
  std::map<std::string, std::pair<StageActivity, Moment>> known_;
};

}  // namespace quietgate
