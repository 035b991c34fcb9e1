// Files that a stage keeps from the checkout after it ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runner/core/result.h"

namespace quietgate {

struct ArtifactLimits {
  std::size_t files = 1'000;
  std::uint64_t bytes = 1ULL << 30;  // of all together
};

struct Artifact {
  std::string path;  // as below the checkout, and below the folder of artifacts
  std::uint64_t bytes = 0;
};

struct KeptArtifacts {
  std::vector<Artifact> artifacts;
  std::vector<std::string> warnings;  // globs that matched nothing, files left out and why
};

// Copies the regular files of `checkout` that match the globs into `folder` (made when needed; paths kept) and lists
// them in `listing` as {"version":1,"artifacts":[{"path","bytes"}]}. Links out of the checkout are not followed. What
// is over a limit is left out with a warning. Safe to repeat. Errors (kind infrastructure): the copy can't be written.
Result<KeptArtifacts> keep_artifacts(const std::string& checkout, const std::vector<std::string>& globs,
                                     const std::string& folder, const std::string& listing, ArtifactLimits limits = {});

}  // namespace quietgate
