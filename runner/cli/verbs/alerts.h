// `quietgate alerts backtest`. 0: every rule was computed; 1: more pages than --at-most; 5: a rule could not be
// computed, or the server could not be reached.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb alerts_verb();

}  // namespace quietgate
