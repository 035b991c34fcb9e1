// `quietgate serve`: runs the service.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb serve_verb();

}  // namespace quietgate
