// Whether what a promote stage's gate asks still lives.
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
// The environment that the stage's gate asks, by what the plan says of its server, if it was destroyed; the first of
// several.
std::optional<GoneEnvironment> gone_environment(const RunState& run, const std::string& stage);

}  // namespace quietgate
