// What a backtest found, for people and for machines. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stages/gate/backtest.h"
#include "stages/gate/moments.h"

namespace quietgate {

// Firings of one rule that overlap are one page: Alertmanager groups by the alert's name.
struct Page {
  Milliseconds begin{0};  // since the epoch
  Milliseconds end{0};
  std::size_t alerts = 1;
  bool begun_before = false;  // was firing when the span began: told, but no new page
};
std::vector<Page> pages_of(const PhaseOutcome& phase);

// Whether the rule wakes somebody: in scope and not labelled `severity: ticket` or `info`.
bool wakes_somebody(const ExpectedRule& rule);

// How often people would have been paged: the least and the most over the phases, of all rules together.
struct PageCount {
  std::size_t least = 0;
  std::size_t most = 0;
  std::size_t nightly = 0;  // in the phase with the most
};
PageCount pages_of(const RuleOutcome& rule, const LocalTime& zone);
PageCount pages_of(const BacktestOutcome& outcome, const LocalTime& zone);  // only of rules that wake somebody

// Why the backtest can't prove that there would have been no more pages: rules that could not be computed, and inputs
// without samples in a tenth of the span or more. Sentences; none: it proves it.
std::vector<std::string> doubts_about(const BacktestOutcome& outcome);

std::string backtest_text(const BacktestOutcome& outcome, const LocalTime& zone);
std::string backtest_json(const BacktestOutcome& outcome, const LocalTime& zone);  // one line; see docs/cli.md

}  // namespace quietgate
