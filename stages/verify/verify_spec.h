// What a `verify` stage is to do.
#pragma once

#include <string>
#include <vector>

#include "runner/base/time.h"
#include "runner/model/bound.h"
#include "runner/model/stage_body.h"

namespace quietgate {

struct MetricCheck {
  std::string name;
  std::string query;  // (template)
  Bound expect;       // must hold at every sample of the window
  bool operator==(const MetricCheck&) const = default;
};

struct VerifySpec {
  std::string prometheus;  // (template)
  std::string during;      // name of the load stage whose window is judged; empty: the `last` span before now
  Milliseconds last{60'000};
  Milliseconds step{1'000};
  std::vector<MetricCheck> checks;
  bool operator==(const VerifySpec&) const = default;
};

template <class A>
void fields(A& a, MetricCheck& v) {
  a("name", v.name);
  a("query", v.query);
  a("expect", v.expect);
}
template <class A>
void fields(A& a, VerifySpec& v) {
  a("prometheus", v.prometheus);
  a("during", v.during);
  a("last", v.last);
  a("step", v.step);
  a("checks", v.checks);
}

StageBody body_of(const VerifySpec& spec);

}  // namespace quietgate
