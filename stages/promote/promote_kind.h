// The kind `promote` for stages/kinds.cc.
#pragma once

#include "pipelines/language/stage_kind.h"

namespace quietgate {

StageKindDescriptor promote_kind();

}  // namespace quietgate
