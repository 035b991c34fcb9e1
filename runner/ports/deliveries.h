// What Alertmanagers delivered to the runner's webhook: the proof that the way from a rule to a receiver is whole.
#pragma once

#include <map>
#include <string>

#include "runner/model/types.h"

namespace quietgate {

struct Deliveries {
  std::map<std::string, Time> last;  // by the receiver's name; the loop alone touches it
};

constexpr std::size_t most_receivers = 1000;

}  // namespace quietgate
