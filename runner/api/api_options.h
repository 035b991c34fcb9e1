// Objects and settings that the service gives to the API.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/api/documents.h"
#include "runner/ports/load_metrics.h"
#include "runner/ports/queue.h"
#include "runner/ports/synthetic_faults.h"
#include "runner/ports/watchdog_deliveries.h"

namespace quietgate {

struct ApiOptions {
  std::string version;
  std::string token;  // empty: no request can change anything
  std::vector<std::string>
      hosts;  // lower case, without port: further names allowed in Host, besides the loopback names
  std::vector<WatchedRepository> repositories;
  Queue* queue = nullptr;                    // may be null: nothing waits
  std::function<std::string()> not_ready;    // why the service is not ready, or empty; may be unset
  const LoadMetrics* loads = nullptr;        // may be null: nothing is loaded
  const SyntheticFaults* faults = nullptr;   // likewise
  WatchdogDeliveries* deliveries = nullptr;  // may be null: watchdogs are not accepted
  std::string evidence_key{};                // public, PEM; empty: there is none
  std::function<Time()> now = {};            // unset: the system's clock
};

}  // namespace quietgate
