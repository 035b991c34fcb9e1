// A gate as a pipeline file has it.
#pragma once

#include "pipelines/language/stage_fields.h"

namespace quietgate {

// `over_windows`: it names the stages that it is about; else it is about the time in which it stands.
GateSpec read_gate(const Found& found, StageFields& fields, bool over_windows);

}  // namespace quietgate
