// `quietgate listener`: the Locust listener, for workers on other machines.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb listener_verb();

}  // namespace quietgate
