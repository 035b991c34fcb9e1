// `quietgate restore`: puts a backup into a data directory that has no journal.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb restore_verb();

}  // namespace quietgate
