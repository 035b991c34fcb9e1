#include "runner/model/stage_state.h"

namespace quietgate {

const char* to_string(StageStatus status) {
  switch (status) {
    case StageStatus::waiting:
      return "waiting";
    case StageStatus::running:
      return "running";
    case StageStatus::awaiting_approval:
      return "awaiting_approval";
    case StageStatus::finished:
      return "finished";
    case StageStatus::skipped:
      return "skipped";
  }
  return "unknown";
}
bool parse_stage_status(const std::string& text, StageStatus& status) {
  for (const auto each : {StageStatus::waiting, StageStatus::running, StageStatus::awaiting_approval,
                          StageStatus::finished, StageStatus::skipped}) {
    if (text != to_string(each)) continue;
    status = each;
    return true;
  }
  return false;
}

}  // namespace quietgate
