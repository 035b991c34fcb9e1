// The ports for performing stages, of a service or of a local run.
#pragma once

#include "runner/ports/clock.h"
#include "runner/ports/disk.h"
#include "runner/ports/git.h"
#include "runner/ports/http.h"
#include "runner/ports/journal.h"
#include "runner/ports/load_metrics.h"
#include "runner/ports/sealer.h"
#include "runner/ports/step_executor.h"
#include "runner/ports/synthetic_faults.h"
#include "runner/ports/watchdog_deliveries.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

struct StageParts {
  StepExecutor& steps;
  StepExecutor& test_steps;  // for `test` steps, whose results are read at once
  Http& http;
  Git& git;
  Clock& clock;
  Disk& trees;
  Disk& reports;  // for reading results of hostile tests, which may take long
  Catalog& catalog;
  WatchdogDeliveries& deliveries;
  LoadMetrics& loads;
  SyntheticFaults& faults;
  CommittedRules& committed;
  const Sealer* sealer = nullptr;  // none: promotions leave no evidence
  bool promotes = true;            // false: gates are judged, no ref is moved
};

}  // namespace quietgate
