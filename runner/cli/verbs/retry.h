// `quietgate retry`: requests a run of an ended run's commit.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb retry_verb();

}  // namespace quietgate
