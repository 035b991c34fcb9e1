// When alert rules that are not loaded yet would have fired, from a Prometheus server's history.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/ports/http.h"
#include "stages/gate/alert_states.h"

namespace quietgate {

struct BacktestOrder {
  std::string prometheus;           // base URL; credentials as `https://user:password@host`
  std::vector<ExpectedRule> rules;  // all of the commit: alerts are computed, what they need of the others inlined
  Window span;                      // on the server's clock
  double default_interval = 60;     // seconds, of groups without one
  Milliseconds deadline{60'000};    // of each call
  std::function<void(const std::string&)> progress;  // may be empty; told before each rule
};

// One alert from the evaluation at which it began to fire to the first at which it did not.
struct Firing {
  Labels labels;
  Milliseconds begin{0};  // since the epoch
  Milliseconds end{0};
  bool begun_before = false;  // was firing when the span began
  bool goes_on = false;       // still when it ended
};
// What one of the moments within the interval would have given, at which Prometheus may evaluate a group.
struct PhaseOutcome {
  std::vector<Firing> firings;  // in the order of their ends
  std::size_t near_misses = 0;  // alerts that were pending and cleared before they fired
};

struct RuleOutcome {
  ExpectedRule rule;
  Milliseconds interval{0};
  std::string problem;  // why it could not be computed; empty: it was
  std::string advice;
  std::vector<PhaseOutcome> phases;   // four
  std::vector<std::string> recorded;  // series that were computed in place
  bool approximate = false;           // see InlinedQuery
  double inputs = 1;                  // the share of the span in which its scarcest input had samples
  std::string scarcest;               // that input, when the share is below 1
};

struct BacktestOutcome {
  std::string url;                    // without credentials
  Window span;                        // cut off at the server's now
  std::vector<RuleOutcome> rules;     // alerts, in the order of the files
  std::vector<std::string> left_out;  // alerts that fire by design
  std::size_t calls = 0;
};

// Asks range queries below the server's 11,000 points, four times for each rule, each a quarter of its interval later;
// a chunk that is too much for the server or takes too long is asked in smaller ones. A rule that can't be computed
// has a problem and the others go on; an error is of kind infrastructure: the server does not answer, or of kind user:
// the span is empty or too long. Throws Stopped. `http` must outlive the task.
Task<Result<BacktestOutcome>> backtest(Http& http, BacktestOrder order, Stop& stop);

// Follows one rule's alerts through chunks and keeps the firings of the span.
class FiringRecord {
 public:
  explicit FiringRecord(Window span);
  // Chunks follow each other in time. False when there are too many firings to keep.
  bool add(const EvaluationGrid& grid, const std::vector<AlertSteps>& alerts);
  PhaseOutcome finish();  // at the span's end

 private:
  struct Open {
    AlertState state = AlertState::inactive;
    Firing firing;
  };
  void step(Open& open, const Labels& labels, AlertState state, Milliseconds time);
  Milliseconds begin_;
  Milliseconds end_;
  std::map<Labels, Open> open_;
  PhaseOutcome outcome_;
};

}  // namespace quietgate
