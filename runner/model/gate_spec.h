// A gate: alert rules that must have stayed quiet. The gate judges by it, stage kinds have one in their specs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/time.h"
#include "runner/model/names.h"

namespace quietgate {

// What an alert of the gate does to a load during which it begins to fire.
enum class OnAlert { end_load, go_on };

struct GateSpec {
  std::string prometheus;                      // (template)
  std::vector<std::string> rules;              // (template) globs of rule files, relative to the checkout
  std::vector<std::string> during;             // stages whose windows are joined
  Milliseconds quiet_for{0};                   // and for this long after the last of them ended
  std::vector<std::string> layers;             // every named layer must have a live rule
  std::map<std::string, std::string> waivers;  // proofs (P1 to P10) that need not hold, each with the reason
  OnAlert on_alert = OnAlert::end_load;
  std::string alertmanager;  // (template) base URL, to tell what would have been muted; empty: none
  // Where an Alertmanager delivers its watchdog alert (POST /api/v1/watchdogs/NAME), and how old the last delivery may
  // be when the gate judges; empty: not asked.
  std::string watchdog;
  Milliseconds watchdog_within{0};
  bool operator==(const GateSpec&) const = default;
};

template <>
struct Names<OnAlert> {
  static constexpr NameList<OnAlert, 2> value{{{OnAlert::end_load, "end_load"}, {OnAlert::go_on, "go_on"}}};
};
template <class A>
void fields(A& a, GateSpec& v) {
  a("prometheus", v.prometheus);
  a("rules", v.rules);
  a("during", v.during);
  a("quiet_for", v.quiet_for);
  a("layers", v.layers);
  a.later("waivers", v.waivers);
  a.later("alertmanager", v.alertmanager);
  a.later("on_alert", v.on_alert);
  if (!A::writes || !v.watchdog.empty()) a.later("watchdog", v.watchdog);
  if (!A::writes || !v.watchdog.empty()) a.later("watchdog_within", v.watchdog_within);
}

}  // namespace quietgate
