// What a `fault` stage is to do: a drill, in which something is broken on purpose, and these alerts must tell of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/base/time.h"
#include "runner/model/command.h"
#include "runner/model/stage_body.h"

namespace quietgate {

struct FaultSpec {
  Command command;                  // breaks it: until the drill ends it, or by itself (then with exit status 0)
  std::optional<Command> undo;      // mends it again, also when the drill fails
  std::string prometheus;           // (template)
  std::vector<std::string> alerts;  // each must begin to fire
  Milliseconds within{60'000};      // from the begin of the fault
  Milliseconds resolved_within{0};  // from its end, until all of them are over; 0: not waited for
  bool operator==(const FaultSpec&) const = default;
};

template <class A>
void fields(A& a, FaultSpec& v) {
  a("command", v.command);
  a("undo", v.undo);
  a("prometheus", v.prometheus);
  a("alerts", v.alerts);
  a("within", v.within);
  a("resolved_within", v.resolved_within);
}

StageBody body_of(const FaultSpec& spec);

}  // namespace quietgate
