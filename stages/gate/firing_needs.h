// What an alert needs to be able to fire, as far as its rule file tells. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/model/plan.h"
#include "stages/prometheus/rules_file.h"

namespace quietgate {

// How far in the past the most recent thing is that each in-scope alert asks for, in seconds, by its index: offsets,
// followed through recording rules. Infinite: one fixed moment (`@`).
std::map<std::size_t, double> past_by_rule(const std::vector<ExpectedRule>& rules);

// Why the alert never lasts for its `for`: each new value of a label makes a new alert. Empty when it can.
std::string changing_label(const ExpectedRule& rule);

// The longest that a gate's window can become.
struct WidestWindow {
  Milliseconds length{0};
  std::string sum;  // `load 45s + 10s to start and end + quiet_for 20s`
};
// The plan's own times; several windows at unknown distances are bounded by the run's timeout only. `gate_stage` has
// the gate.
WidestWindow widest_window(const Plan& plan, const std::string& gate_stage, const GateSpec& gate);

// What keeps the gate of the stage from ever being quiet with these rules, each as `FILE:LINE: what, with the
// arithmetic`: expressions whose brackets or strings don't match, alerts that can't fire within the widest window, and
// layers without an alert. Never a problem that the gate might not find: what only the server knows (scrape interval,
// an interval that the file leaves out) counts as 0.
std::vector<std::string> firing_problems(const Plan& plan, const std::string& stage, const GateSpec& gate,
                                         const std::vector<ExpectedRule>& rules);

}  // namespace quietgate
