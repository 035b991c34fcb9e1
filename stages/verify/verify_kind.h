// The kind `verify` for stages/kinds.cc.
#pragma once

#include "pipelines/language/stage_kind.h"

namespace quietgate {

StageKindDescriptor verify_kind();

}  // namespace quietgate
