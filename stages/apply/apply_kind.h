// The kind `apply` for stages/kinds.cc.
#pragma once

#include "pipelines/language/stage_kind.h"
#include "stages/environments/contract/provisioner_kind.h"

namespace quietgate {

// `known`: its provisioners, which must outlive it.
StageKindDescriptor apply_kind(const Provisioners& known);

}  // namespace quietgate
