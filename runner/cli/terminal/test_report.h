// Failed and flaky tests of a stage, for a report.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/terminal.h"
#include "runner/model/outcome.h"
#include "runner/ports/attempt_store.h"

namespace quietgate {

// Whether a report names tests of this attempt: some failed or were flaky.
bool worth_naming(const StageOutcome& outcome);

// From the text of tests.json: each failed test with the first lines of its message, then the flaky ones; at most 20 of
// them, five lines each. Empty if there are none, or if the text is not such a document.
std::string troubled_tests(std::string_view tests_json, const Terminal& terminal);

// By stage, of a run of this machine: the texts of tests.json where tests are worth naming.
std::map<std::string, std::string> tests_in(AttemptStore& store, const RunRecord& record);

}  // namespace quietgate
