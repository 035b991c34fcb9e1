// Finds and reads the JUnit reports that an attempt's own commands wrote.
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
  std::string passed_over;                 // matching folders, as a line for the log; empty: none
};

// Call it before the commands begin: records in `memory` the files that match already, with their digests. An existing
// record stays, so a resumed attempt uses the same. Errors: `step`, too many files; `infrastructure`.
Result<void> remember_reports(const std::string& checkout, const std::string& glob, const std::string& memory,
                              const std::atomic<bool>& stop, ReportLimits limits = {});

// Call it after the commands have ended: reads the matching files whose content has changed, whatever their times; a
// file with several links is read once. A file with the bytes of an earlier matching report is not a result, at any
// path, unless it contains a failure and was written, moved or touched since. Errors: `step`, no report was written, a
// report can't be read or is not one, a match other than a folder can't be read, or a limit is exceeded;
// `infrastructure`, the record of earlier files is lost.
Result<ReadReports> read_reports(const std::string& checkout, const std::string& glob, const std::string& memory,
                                 const std::atomic<bool>& stop, ReportLimits limits = {});

}  // namespace quietgate
