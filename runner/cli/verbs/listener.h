// `quietgate listener`: the Locust listener, for workers that are started elsewhere.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb listener_verb();

}  // namespace quietgate
