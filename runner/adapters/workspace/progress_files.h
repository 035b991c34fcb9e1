// A progress board of files: `progress.json` in each attempt's directory.
#pragma once

#include "runner/ports/progress_board.h"

namespace quietgate {

class ProgressFiles final : public ProgressBoard {
 public:
  void post(const std::string& attempt_directory, const std::string& document) override;
  void clear(const std::string& attempt_directory) override;
  // Also empty if the file is not a plain file, or is longer than 16 KiB.
  std::string read(const std::string& attempt_directory) const override;
};

}  // namespace quietgate
