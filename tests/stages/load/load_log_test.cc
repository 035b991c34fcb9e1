#include "stages/load/load_log.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

// As Locust 2.12 ends.
constexpr const char* tables =
    "[2026-11-28 20:00:01,100] host/INFO/locust.main: Shutting down (exit code 3)\n"
    "Type     Name      # reqs      # fails |    Avg     Min     Max    Med |   req/s  failures/s\n"
    "--------|---------|-------|-------------|-------|-------|-------|-------|--------|-----------\n"
    "GET      /             12     0(0.00%) |      4       1       9      4 |    6.02        0.00\n"
    "--------|---------|-------|-------------|-------|-------|-------|-------|--------|-----------\n"
    "         Aggregated    12     0(0.00%) |      4       1       9      4 |    6.02        0.00\n"
    "\n"
    "Response time percentiles (approximated)\n"
    "Type     Name   50%    66%    75%    80%    90%    95%    98%    99%  99.9% 99.99%   100% # reqs\n"
    "--------|------|------|------|------|------|------|------|------|------|------|------|------|------\n"
    "GET      /        4      5      5      6      8      9      9      9      9      9      9     12\n"
    "--------|------|------|------|------|------|------|------|------|------|------|------|------|------\n"
    "         Aggregated        4      5      5      6      8      9      9      9      9      9      9     12\n\n";

TEST(LoadLog, ATableIsNoReason) {
  EXPECT_EQ(last_error(tables), "");
  EXPECT_EQ(last_message(tables), "");
  EXPECT_EQ(last_message(std::string("locust: error: unrecognized arguments: --x\n") + tables),
            "locust: error: unrecognized arguments: --x");
}

TEST(LoadLog, TheLastErrorCounts) {
  const std::string error = "[2026-11-28 20:00:01,090] host/ERROR/root: p95 is 9 ms, 5 are allowed\n";
  EXPECT_EQ(last_error(error + tables), "p95 is 9 ms, 5 are allowed");
  const std::string traceback =
      "Traceback (most recent call last):\n"
      "  File \"/usr/lib/python3/dist-packages/gevent/greenlet.py\", line 906, in run\n"
      "    result = self._run(*self.args, **self.kwargs)\n"
      "RuntimeError: no login\n"
      "2026-11-28T20:00:00Z <Greenlet at 0x7f: run_user(<locustfile.Visitor object>)> failed with RuntimeError\n";
  EXPECT_EQ(last_error(error + traceback + tables), "RuntimeError: no login");
  EXPECT_EQ(last_error(traceback + error + tables), "p95 is 9 ms, 5 are allowed");
}

}  // namespace
}  // namespace quietgate
