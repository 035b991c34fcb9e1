// `quietgate artifacts`: what a stage kept, listed, or fetched and held against its digests.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb artifacts_verb();

}  // namespace quietgate
