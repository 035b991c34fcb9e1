// `quietgate doctor`: checks this machine and the journal. 1: something needed is missing.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb doctor_verb();

}  // namespace quietgate
