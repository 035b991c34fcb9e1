// `quietgate migrate`: turns another system's pipeline file into ours. 2: it can't be read.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb migrate_verb();

}  // namespace quietgate
