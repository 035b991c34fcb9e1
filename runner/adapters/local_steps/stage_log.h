// What a stage itself says, in the same log that its steps' leaders append to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runner/leader/log_writer.h"
#include "runner/ports/stage.h"

namespace quietgate {

class StageLogFile final : public StageLog {
 public:
  // A log that can't be opened swallows its lines: they never fail a stage. `problem()` says what happened.
  StageLogFile(const std::string& path, std::vector<std::string> secrets);
  // Each line is appended at once and whole, however many processes write to the log.
  void line(std::string_view text) override;
  // Empty, or why lines were lost.
  std::string problem() const;

 private:
  LogWriter writer_;
  std::vector<std::string> secrets_;
  std::string unopened_;
};

// As WorkspaceFiles wants it.
std::unique_ptr<StageLog> open_stage_log(const std::string& path, std::vector<std::string> secrets);

}  // namespace quietgate
