// The run lists that were answered last, by the request's target: right while neither the journal nor the queue has
// changed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace quietgate {

class KeptLists {
 public:
  struct Version {
    std::int64_t journal = -1;
    std::uint64_t queue = 0;
    bool operator==(const Version&) const = default;
  };
  // Null: none of this version. Holds until the next keep().
  const std::string* find(const std::string& target, const Version& version) const;
  void keep(const std::string& target, const Version& version, std::string body);

 private:
  struct List {
    Version version;
    std::string body;
  };
  std::map<std::string, List> lists_;
};

}  // namespace quietgate
