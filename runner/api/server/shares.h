// Counts what connections use of a shared resource.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace quietgate {

// The number of connections that the process's descriptor limit allows.
std::size_t room_for_connections();

class Share {
 public:
  Share(std::size_t& of, std::size_t amount) : of_(of), amount_(amount) { of_ += amount_; }
  ~Share() { of_ -= amount_; }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  std::size_t& of_;
  std::size_t amount_;
};

// Places for clients, with a limit in total and for each client.
class Places {
 public:
  using Place = std::shared_ptr<void>;  // returned with the last copy
  // Null if all clients together have `most` places, or this client has `each`. The object must outlive the place.
  Place take(const std::string& client, std::size_t most, std::size_t each);
  std::size_t taken() const { return taken_; }

 private:
  std::size_t taken_ = 0;
  std::map<std::string, std::size_t> by_client_;
};

}  // namespace quietgate
