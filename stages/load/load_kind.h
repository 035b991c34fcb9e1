// The kind `load` for stages/kinds.cc.
#pragma once

#include "pipelines/language/stage_kind.h"

namespace quietgate {

StageKindDescriptor load_kind();

}  // namespace quietgate
