// The kind `fault` for stages/kinds.cc.
#pragma once

#include "pipelines/language/stage_kind.h"

namespace quietgate {

StageKindDescriptor fault_kind();

}  // namespace quietgate
