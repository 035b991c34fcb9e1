// What load stages have sent since the service started, for its own metrics: rules can then tell a service without
// traffic from one that nobody loads.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace quietgate {

struct LoadCounters {
  struct Counts {
    int active = 0;  // loads that run now
    std::int64_t requests = 0;
    std::int64_t failed = 0;
  };
  std::map<std::string, Counts> by_repository;  // the loop alone touches it
};

}  // namespace quietgate
