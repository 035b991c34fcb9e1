#pragma once

#include <vector>

#include "runner/adapters/http/http_access.h"
#include "stages/gate/backtest.h"

namespace quietgate {

// Computes the backtest in an event loop of its own; blocks until it is done. `servers`: credentials and authorities of
// metrics servers.
Result<BacktestOutcome> run_backtest(BacktestOrder order, std::vector<ServerAccess> servers);

}  // namespace quietgate
