// Free ports on loopback.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// Whether no process on this machine uses the port on 127.0.0.1 now.
bool port_is_free(int port);

// Leases ports; a leased port is not given out again. Single-threaded. Ports are below the range that the kernel picks
// from for outgoing connections, so that a load test can't take a service's port before the service binds it.
class LoopbackPorts {
 public:
  // Ports leased while an environment is being created; afterwards its services hold them.
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

  // One port for each name. Names in `known` keep their port, free or not.
  Result<Lease> lease(const std::vector<std::string>& names, const std::map<std::string, int>& known);

 private:
  std::set<int> held_;
};

}  // namespace quietgate
