// Which JUnit reports an attempt's own commands wrote, and what they say.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "stages/test/junit.h"

namespace quietgate {

struct ReportLimits {
  std::size_t files = 1'000;
  std::uint64_t bytes = 64UL * 1024 * 1024;  // of all reports together
  JunitLimits contents;                      // likewise
};

struct ReadReports {
  std::vector<TestResult> tests;
  std::vector<std::string> disagreements;  // `out/a.xml: the report counts ...`
  std::string disagreement;                // the first of them, without its file
  std::string passed_over;                 // the folders that match, as a line for the log; empty: none
};

// Before the commands begin: writes down into `memory` which files match already, and what they hold. What was written
// down once stays: an attempt that is taken up again asks for the same. Errors: `step`, they are too many;
// `infrastructure`.
Result<void> remember_reports(const std::string& checkout, const std::string& glob, const std::string& memory,
                              const std::atomic<bool>& stop, ReportLimits limits = {});

// After they ended: reads the matching files that hold something else than before, whatever their times say; a file
// with many links to it once. What holds the bytes of a report that matched before is nobody's result, wherever it is
// now; but one that tells of a failure, and was written, moved or touched since, is read. Errors: `step`, none was
// written, one can't be read or is no report, what matches is no file that can be looked at (folders apart), or a limit
// is passed; `infrastructure`, what was there before is not known any more.
Result<ReadReports> read_reports(const std::string& checkout, const std::string& glob, const std::string& memory,
                                 const std::atomic<bool>& stop, ReportLimits limits = {});

}  // namespace quietgate
