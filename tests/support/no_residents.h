// A machine without /proc: nothing lives in an environment but what its steps own.
#pragma once

#include "runner/ports/residents.h"

namespace quietgate {

class NoResidents final : public Residents {
 public:
  Task<Result<void>> end(std::string, Milliseconds, Stop& stop) override {
    stop.throw_if_requested();
    co_return Result<void>();
  }
};

}  // namespace quietgate
