// `quietgate doctor`: what this machine has, and whether the journal is whole. 1: something needed is missing.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb doctor_verb();

}  // namespace quietgate
