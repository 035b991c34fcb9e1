// The kind `approve` for stages/kinds.cc.
#pragma once

#include "pipelines/language/stage_kind.h"

namespace quietgate {

StageKindDescriptor approve_kind();

}  // namespace quietgate
