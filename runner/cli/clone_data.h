// The data directory of `quietgate run` for one clone. No service and no other clone shares it.
#pragma once

#include <optional>
#include <string>

namespace quietgate {

struct CloneData {
  std::string repository;  // the folder's name and a mark derived from its whole path, such as `hello-3f2a91`
  std::string directory;   // its own directory below the data directory
};

// Of the clone at `path` (links resolved, when it exists), below the data directory `data`.
CloneData clone_data_of(const std::string& path, const std::string& data);
// By its repository's name, as `quietgate run` printed it; nothing when no clone of that name has kept a run.
std::optional<CloneData> clone_data_named(const std::string& repository, const std::string& data);

}  // namespace quietgate
