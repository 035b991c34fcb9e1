// `quietgate completion`: the completion script of a shell.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb completion_verb();

}  // namespace quietgate
