// Open questions to people, as entries of the queue.
#pragma once

#include <vector>

#include "runner/api/run_record.h"
#include "runner/ports/queue.h"

namespace quietgate {

// One entry for each stage of the run that waits for a person, with the question and the command that answers it.
std::vector<Waiting> questions_of(const RunRecord& record);

}  // namespace quietgate
