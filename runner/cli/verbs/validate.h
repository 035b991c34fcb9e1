// `quietgate validate`: checks a pipeline file. 2: the file is invalid.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb validate_verb();

}  // namespace quietgate
