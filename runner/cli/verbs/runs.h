// `quietgate runs`: lists the service's runs, newest first.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb runs_verb();

}  // namespace quietgate
