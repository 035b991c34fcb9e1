// Free ports on loopback.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// Whether nobody on this machine holds the port for 127.0.0.1 now.
bool port_is_free(int port);

// Hands out ports, and none twice while it is held. One thread. Ports are below the range that the kernel picks from
// for outgoing connections, so that a load test can't take a service's port before the service binds it.
class LoopbackPorts {
 public:
  // Ports held for as long as an environment is being created: from then on its services hold them themselves.
  class Lease {
   public:
    Lease() = default;
    Lease(LoopbackPorts& owner, std::map<std::string, int> held) : owner_(&owner), ports(std::move(held)) {}
    ~Lease();
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    LoopbackPorts* owner_ = nullptr;

   public:
    std::map<std::string, int> ports;
  };

  // One port for each name; those in `known` keep theirs, free or not.
  Result<Lease> lease(const std::vector<std::string>& names, const std::map<std::string, int>& known);

 private:
  std::set<int> held_;
};

}  // namespace quietgate
