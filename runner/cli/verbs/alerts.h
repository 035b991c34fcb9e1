// `quietgate alerts backtest`. 0: all was computed; 1: more pages than --at-most; 5: something could not be computed,
// or the server not be reached.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb alerts_verb();

}  // namespace quietgate
