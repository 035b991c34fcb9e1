// Reads a run from the service, with several requests.
#pragma once

#include <map>
#include <string>

#include "runner/api/run_record.h"
#include "runner/cli/service_access.h"

namespace quietgate {

// The run's rows so far.
OrExit<RunRecord> record_of(ServiceAccess& service, const std::string& run);

// The texts of tests.json, by stage, if the report names tests.
std::map<std::string, std::string> tests_of(ServiceAccess& service, const RunRecord& record);

// By stage: the bytes at the ends of the logs of stages that went wrong, for log_end().
std::map<std::string, std::string> log_ends_of(ServiceAccess& service, const RunRecord& record);

}  // namespace quietgate
