// What people are asked, as something that waits.
#pragma once

#include <vector>

#include "runner/api/run_record.h"
#include "runner/ports/queue.h"

namespace quietgate {

// One for each stage of the run that waits for a person, with the question and how it is answered.
std::vector<Waiting> questions_of(const RunRecord& record);

}  // namespace quietgate
