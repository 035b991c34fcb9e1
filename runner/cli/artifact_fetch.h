// An artifact of the service, fetched into a folder and held against its digest.
#pragma once

#include <optional>
#include <string>

#include "runner/base/descriptor.h"
#include "runner/cli/api_client.h"
#include "runner/cli/exit_code.h"

namespace quietgate {

struct ListedArtifact {
  std::string path;  // below the folder
  std::string sha256;
  bool executable = false;
};

// Why a file was not fetched, and the exit code that it makes.
struct NotFetched {
  Error error;
  ExitCode code = exit_failed;
  std::optional<Reply> refused;  // by the service
};

// Fetches `address` to the artifact's path below `root`, which is called `where` for people. Nothing when all of it is
// there and its digest holds; else no file is left. A file that is there already is never touched.
std::optional<NotFetched> fetch_artifact(ApiClient& client, const std::string& address, const ListedArtifact& artifact,
                                         const Descriptor& root, const std::string& where);

}  // namespace quietgate
