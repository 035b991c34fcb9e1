// Fetches an artifact of the service into a folder, and checks its digest.
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

// Why a file was not fetched, and the resulting exit code.
struct NotFetched {
  Error error;
  ExitCode code = exit_failed;
  std::optional<Reply> refused;  // by the service
};

// Fetches `address` to the artifact's path below `root`, which messages call `where`. Nothing if the file is complete
// and its digest matches; otherwise no file is left behind. An existing file is never changed.
std::optional<NotFetched> fetch_artifact(ApiClient& client, const std::string& address, const ListedArtifact& artifact,
                                         const Descriptor& root, const std::string& where);

}  // namespace quietgate
