// Reads the body of an `apply` stage in a pipeline file, and the keys beside it.
#pragma once

#include "pipelines/language/stage_fields.h"
#include "stages/apply/apply_spec.h"
#include "stages/environments/contract/provisioner_kind.h"

namespace quietgate {

ApplySpec read_apply(const Found& found, StageFields& fields, const Provisioners& provisioners);

}  // namespace quietgate
