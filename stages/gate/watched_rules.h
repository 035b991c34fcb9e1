// What a stage's watch reads of servers' rules (see rule_watch.h), for the gate that judges in the same stage: it need
// not read again what was read a moment ago, and the watch need not read on for a gate that has all that it judges by.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runner/base/task.h"
#include "stages/prometheus/prometheus.h"

namespace quietgate {

using RulesSnapshot = std::shared_ptr<const std::vector<LoadedRule>>;  // never null in use

// A third of the shortest evaluation interval among the rules, between 0.15 and 5 s: who reads them so often sees each
// evaluation, also when an answer is late.
Milliseconds poll_interval(const std::vector<LoadedRule>& rules);

class WatchedRules {
 public:
  // `over`, which must outlive it, ends the watch.
  explicit WatchedRules(Stop& over) : gate_stop_(over) {}

  // `url` as the watch was given it; `asked` is when the reading was asked for, on our clock: what it says is no older.
  void add(const std::string& url, Time asked, RulesSnapshot rules);
  // The newest reading of that server, when it was asked for within the last one and a half pauses or the last second;
  // else null. Where rules are evaluated seldom, it holds all the news that asking once more would bring.
  RulesSnapshot newest(const std::string& url, Time now) const;

  // The stage's own gate has read all that it judges by: its server is read on only for gates of later stages.
  void gate_has_read_all() { gate_stop_.request(StopReason::cancel, "the gate has what it judges by"); }
  Stop& gate_stop() { return gate_stop_; }  // requested then, and when the watch is over

 private:
  struct Newest {
    Time asked{};
    RulesSnapshot rules;
  };
  std::map<std::string, Newest> newest_;
  Stop gate_stop_;
};

}  // namespace quietgate
