// What connections take of something that all of them share, counted as long as they have it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace quietgate {

// As many connections as the process's limit of descriptors leaves room for.
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

// Places that clients take one by one.
class Places {
 public:
  using Place = std::shared_ptr<void>;  // given back with the last copy
  // Null when all together have `most`, or this client has `each`. This outlives the place.
  Place take(const std::string& client, std::size_t most, std::size_t each);
  std::size_t taken() const { return taken_; }

 private:
  std::size_t taken_ = 0;
  std::map<std::string, std::size_t> by_client_;
};

}  // namespace quietgate
