// `quietgate plan`: shows what a pipeline file compiles to. 2: the file is invalid.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb plan_verb();

}  // namespace quietgate
