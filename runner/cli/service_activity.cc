#include "runner/cli/service_activity.h"

#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/service_json.h"

namespace quietgate {

namespace {

constexpr auto ask_every = std::chrono::milliseconds(1000);

}  // namespace

StageActivity ServiceActivity::of(const RunId& run, const std::string& stage, int attempt) {
  auto& [activity, asked] = known_[stage + "." + std::to_string(attempt)];
  const auto now = std::chrono::steady_clock::now();
  if (now - asked < ask_every) return activity;
  asked = now;
  const auto path = "/api/v1/runs/" + to_string(run);
  if (now - asked_ >= ask_every) {
    asked_ = now;
    auto reply = client_.get(path);
    run_ = reply && reply->status == 200 ? std::move(reply->body) : std::string();
  }
  const auto document = parse_json(run_);
  if (attempt == 0) {
    activity.line = waiting_in(document)[stage];
    return activity;
  }
  std::string progress;
  for (const auto& each : document.is_object() ? document.value("stages", nlohmann::json::array()) : nlohmann::json()) {
    if (shown_text(each, "name") == stage && each.contains("progress") && each["progress"].is_object())
      progress = json_text(each["progress"]);
  }
  auto log = client_.get(path + "/stages/" + stage + "/log?tail=512&attempt=" + std::to_string(attempt));
  activity = activity_of(progress, log && log->status == 200 ? log->body : std::string());
  return activity;
}

}  // namespace quietgate
