// `quietgate init`: writes a first pipeline for what stands in a repository. 4: there is one already.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb init_verb();

}  // namespace quietgate
