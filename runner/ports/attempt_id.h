// Which attempt of which stage of which run.
#pragma once

#include <string>

#include "runner/model/types.h"

namespace quietgate {

struct AttemptId {
  RunId run;
  std::string stage;
  int attempt = 1;
  auto operator<=>(const AttemptId&) const = default;
};

}  // namespace quietgate
