// `<= 250` : a bound that an observed number must hold.
#pragma once

#include <string>

#include "runner/model/names.h"

namespace quietgate {

// Values are in the unit of the thing bounded: ratios as fractions, durations in milliseconds, rates per second.
struct Bound {
  enum class Relation { less, less_equal, greater, greater_equal, equal, not_equal };
  Relation relation = Relation::less_equal;
  double value = 0;
  std::string text;                   // as the user wrote it, for sentences: `<= 250ms`
  bool holds(double observed) const;  // NaN never holds
  bool operator==(const Bound&) const = default;
};

template <>
struct Names<Bound::Relation> {
  static constexpr NameList<Bound::Relation, 6> value{{{Bound::Relation::less, "<"},
                                                       {Bound::Relation::less_equal, "<="},
                                                       {Bound::Relation::greater, ">"},
                                                       {Bound::Relation::greater_equal, ">="},
                                                       {Bound::Relation::equal, "=="},
                                                       {Bound::Relation::not_equal, "!="}}};
};
template <class A>
void fields(A& a, Bound& v) {
  a("relation", v.relation);
  a("value", v.value);
  a("text", v.text);
}

}  // namespace quietgate
