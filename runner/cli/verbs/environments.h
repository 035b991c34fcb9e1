// `quietgate environments`: lists existing environments; destroys one.
#pragma once

#include "runner/cli/verb.h"

namespace quietgate {

Verb environments_verb();

}  // namespace quietgate
