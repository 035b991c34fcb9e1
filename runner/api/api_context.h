// Objects that the routes of one API share.
#pragma once

#include "runner/api/api_options.h"
#include "runner/api/run_list_cache.h"
#include "runner/api/run_records.h"
#include "runner/api/service_counts.h"
#include "runner/api/waiting_runs.h"
#include "runner/ports/attempt_store.h"
#include "runner/ports/journal.h"

namespace quietgate {

struct ApiContext {
  ApiContext(Journal& j, Catalog& c, AttemptStore& a, ApiOptions o)
      : journal(j), catalog(c), attempts(a), options(std::move(o)), records(j), waiting(options.queue, records) {}
  ApiContext(const ApiContext&) = delete;
  ApiContext& operator=(const ApiContext&) = delete;

  Journal& journal;
  Catalog& catalog;
  AttemptStore& attempts;
  const ApiOptions options;
  RunRecords records;
  WaitingRuns waiting;
  RunListCache lists;
  ServiceCounts counts;
};

}  // namespace quietgate
