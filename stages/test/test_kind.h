// The kind `test` for stages/kinds.cc.
#pragma once

#include "pipelines/language/stage_kind.h"

namespace quietgate {

StageKindDescriptor test_kind();

}  // namespace quietgate
