// Whether the environment that a promote stage's gate asks has been destroyed.
#pragma once

#include <optional>
#include <string>

#include "runner/model/state.h"

namespace quietgate {

struct GoneEnvironment {
  std::string id;
  std::string cause;
  Time at{};
  std::string sentence() const;  // `environment hello-4-staging was destroyed at 10:02:03Z: its run has ended`
};
// The destroyed environment whose server the stage's gate asks, according to the plan; the first if there are several.
std::optional<GoneEnvironment> gone_environment(const RunState& run, const std::string& stage);

}  // namespace quietgate
