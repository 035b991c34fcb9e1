// What load stages have sent since the service started, for its own metrics: rules can then tell a service without
// traffic from one that nobody loads. A port, because stages count and /metrics shows; no event, because it is of this
// process alone and changes each second. The loop alone calls it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace quietgate {

class LoadMetrics {
 public:
  struct Counts {
    int active = 0;  // loads that run now
    std::int64_t requests = 0;
    std::int64_t failed = 0;
  };
  virtual ~LoadMetrics() = default;
  virtual void begin(const std::string& repository) = 0;  // one load more runs there
  virtual void end(const std::string& repository) = 0;    // it has ended; one end for each begin
  // Sent since the last call, and how many of them failed.
  virtual void count(const std::string& repository, std::int64_t requests, std::int64_t failed) = 0;
  virtual std::map<std::string, Counts> by_repository() const = 0;  // of those that were ever loaded
};

}  // namespace quietgate
