// A plan as `quietgate plan` prints it: for people, no colours.
#pragma once

#include <string>

#include "pipelines/language/stage_kind.h"

namespace quietgate {

// The whole plan, several lines, each with its newline:
//   hello-flask · main @ 1a2b3c4 · 6 stages · hash 7074948da427
//   1. unit       test     python3 -m pytest -q; JUnit report.xml
//   2. staging    apply    after unit; terraform infra/environment; lives 1h
std::string describe(const Plan& plan, const StageKinds& kinds);
// The facts of one stage without its name and kind, on one line; for an unknown kind, only the facts that every stage
// has.
std::string describe(const StageSpec& stage, const StageKinds& kinds);

}  // namespace quietgate
