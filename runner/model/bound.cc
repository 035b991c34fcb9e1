#include "runner/model/bound.h"

#include <cmath>

namespace quietgate {

bool Bound::holds(double observed) const {
  if (std::isnan(observed) || std::isnan(value)) return false;
  switch (relation) {
    case Relation::less:
      return observed < value;
    case Relation::less_equal:
      return observed <= value;
    case Relation::greater:
      return observed > value;
    case Relation::greater_equal:
      return observed >= value;
    case Relation::equal:
      return observed == value;
    case Relation::not_equal:
      return observed != value;
  }
  return false;
}

}  // namespace quietgate
