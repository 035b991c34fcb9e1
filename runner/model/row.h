// One row of the journal.
#pragma once

#include <cstdint>

#include "runner/model/event.h"

namespace quietgate {

struct Row {
  std::int64_t sequence = 0;  // from 1, without gaps
  Time at{};
  Event event;
};

}  // namespace quietgate
