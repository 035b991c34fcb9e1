// `quietgate backup`: copies the journal, also beside a running service.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb backup_verb();

}  // namespace quietgate
