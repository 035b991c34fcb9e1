#include "runner/cli/backtest_run.h"

#include <boost/asio/io_context.hpp>
#include <optional>

#include "runner/adapters/http/http_curl.h"

namespace quietgate {

namespace {

Task<void> keep_outcome(Task<Result<BacktestOutcome>> task, std::optional<Result<BacktestOutcome>>& outcome) {
  outcome.emplace(co_await std::move(task));
}

}  // namespace

Result<BacktestOutcome> run_backtest(BacktestOrder order, std::vector<ServerAccess> servers) {
  boost::asio::io_context loop;
  BlockingPool pool{1};
  HttpCurl exchange{pool};
  HttpAccess http{exchange, pool, std::move(servers)};
  Stop stop;
  std::optional<Result<BacktestOutcome>> outcome;
  std::exception_ptr thrown;
  spawn(loop.get_executor(), keep_outcome(backtest(http, std::move(order), stop), outcome),
        [&thrown](std::exception_ptr e) { thrown = e; });
  loop.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*outcome);
}

}  // namespace quietgate
