// The body of a `load` stage as a pipeline file has it.
#pragma once

#include "pipelines/language/stage_fields.h"
#include "stages/load/load_spec.h"

namespace quietgate {

LoadSpec read_load(const Found& found, StageFields& fields);

}  // namespace quietgate
