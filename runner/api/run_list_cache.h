// A cache of the last run lists, by the request's target. An entry is valid until the journal or the queue changes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace quietgate {

class RunListCache {
 public:
  struct Version {
    std::int64_t journal = -1;
    std::uint64_t queue = 0;
    bool operator==(const Version&) const = default;
  };
  // Null if there is none of this version. Valid until the next keep().
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
