// How far the attempts of stages are, for those who watch. A port, because stages post and the API and a run at the
// terminal read; no event, because each post outdates the one before, and nobody decides by it.
#pragma once

#include <string>

namespace quietgate {

class ProgressBoard {
 public:
  virtual ~ProgressBoard() = default;
  // Takes one JSON object (docs/measurements.md) in the place of the attempt's last. What can't be kept is lost.
  virtual void post(const std::string& attempt_directory, const std::string& document) = 0;
  virtual void clear(const std::string& attempt_directory) = 0;  // what was posted holds no more
  // The attempt's last one; empty: there is none.
  virtual std::string read(const std::string& attempt_directory) const = 0;
};

}  // namespace quietgate
