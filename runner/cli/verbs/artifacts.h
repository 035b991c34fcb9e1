// `quietgate artifacts`: lists the files that a stage kept, or fetches them and checks their digests.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb artifacts_verb();

}  // namespace quietgate
