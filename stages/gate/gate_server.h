// The Prometheus server that a gate judges by, asked until it does not answer at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "stages/gate/gate_evidence.h"
#include "stages/gate/watched_rules.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

// Errors are of kind infrastructure; every question throws Stopped. A question that fails is followed by a short one:
// does the server answer at all? Where it doesn't, it is gone: nothing more is asked, and every later question answers
// that error. So a server that hangs costs one deadline, not one for each question.
class GateServer {
 public:
  // `http`, `clock` and `stop` must outlive it. `tells_readiness`: false when the server has no /-/ready; it is asked
  // for its time instead.
  GateServer(Http& http, Clock& clock, std::string base_url, bool tells_readiness, Stop& stop);

  Task<Result<double>> now();  // seconds since the epoch, the server's clock
  Task<Result<std::vector<LoadedRule>>> rules();
  Task<Result<std::vector<ScrapeTarget>>> targets();
  Task<Result<std::vector<Series>>> query_at(std::string promql, double time);
  Task<Result<std::vector<Series>>> query_range(std::string promql, double begin, double end, double step);
  Task<Result<bool>> describes(std::string metric);
  Task<Result<std::string>> format_query(std::string promql);
  Task<ServerStatus> status();
  Task<Result<ClockComparison>> compare_clocks();

  // These have no consequence for later questions.
  Task<Result<RulesSnapshot>> poll_rules();         // with a short deadline
  Task<Result<RuntimeInformation>> poll_runtime();  // likewise
  Task<Result<double>> longest_scrape_interval();   // among all targets, seconds

  Task<void> check_presence();  // asks whether the server answers at all
  bool gone() const { return gone_.has_value(); }
  const std::string& url() const { return prometheus_.url(); }

 private:
  template <class T>
  Task<Result<T>> ask(Task<Result<T>> question);

  Clock& clock_;
  Stop& stop_;
  bool tells_readiness_;
  Prometheus prometheus_;
  Prometheus impatient_;
  std::optional<Error> gone_;
};

// The longest scrape interval among the targets, seconds; 0: there are none, or none tells it.
double longest_scrape_of(const std::vector<ScrapeTarget>& targets);

}  // namespace quietgate
