#include "runner/adapters/local_steps/stage_log.h"

#include <chrono>

#include "runner/leader/masker.h"

namespace quietgate {

StageLogFile::StageLogFile(const std::string& path, std::vector<std::string> secrets)
    : secrets_(std::move(secrets)), unopened_(writer_.open(path, false)) {}

void StageLogFile::line(std::string_view text) {
  if (!unopened_.empty()) return;
  const auto whole = masked(text, secrets_) + "\n";
  const auto now = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
  writer_.write({whole}, now.time_since_epoch().count());
}

std::string StageLogFile::problem() const {
  if (!unopened_.empty()) return unopened_;
  if (writer_.lost() == 0) return {};
  return std::to_string(writer_.lost()) + " bytes of the log were lost: " + writer_.why_lost();
}

std::unique_ptr<StageLog> open_stage_log(const std::string& path, std::vector<std::string> secrets) {
  return std::make_unique<StageLogFile>(path, std::move(secrets));
}

}  // namespace quietgate
