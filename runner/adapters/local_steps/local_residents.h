// The processes of this machine that carry an environment's folder in their environment variables.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/residents.h"

namespace quietgate {

// Every one that may be read and has QUIETGATE_ENVIRONMENT_DIRECTORY equal to `directory`.
std::vector<pid_t> residents_of(const std::string& directory);

class LocalResidents final : public Residents {
 public:
  explicit LocalResidents(Clock& clock) : clock_(clock) {}  // which must outlive it
  Task<Result<void>> end(std::string directory, Milliseconds grace, Stop& stop) override;

 private:
  Clock& clock_;
};

}  // namespace quietgate
