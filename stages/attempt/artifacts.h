// Artifacts: the files that a stage keeps, and how another stage receives them. docs/artifacts.md.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/model/outcome.h"
#include "runner/ports/stage.h"

namespace quietgate {

struct ArtifactLimits {
  std::size_t files = 1'000;
  std::uint64_t bytes = 1ULL << 30;      // all artifacts of an attempt
  std::uint64_t run_bytes = 4ULL << 30;  // all artifacts of all attempts of a run
};

struct Artifact {
  std::string path;  // relative to the tree, and to the folder of artifacts; UTF-8 without control characters
  std::uint64_t bytes = 0;
  bool executable = false;
  std::string sha256;
};

struct KeptArtifacts {
  std::vector<Artifact> artifacts;  // by path
  ArtifactsKept total;
  std::vector<std::string> warnings;  // globs without a match; files that were left out, with the reason
  std::string incomplete;             // not empty: which limit was exceeded, or which file could not be read
};

// Copies the regular files of `checkout` that match the globs into `folder` (replacing its content; paths and the
// executable bit are kept) and lists them in `listing`. Links out of the checkout are not followed. A file that is no
// longer a regular file is left out with a warning. `already`: bytes that the run keeps already. Safe to repeat. Fails
// with kind infrastructure if the copy can't be written, or if it was stopped.
Result<KeptArtifacts> keep_artifacts(const std::string& checkout, const std::vector<std::string>& globs,
                                     const std::string& folder, const std::string& listing,
                                     const std::atomic<bool>& stop, std::uint64_t already = 0,
                                     ArtifactLimits limits = {});

// The list of an attempt, checked against its recorded digest. Errors are of kind infrastructure.
Result<std::vector<Artifact>> read_listing(const std::string& attempt_directory, const ArtifactsKept& kept);

// Puts received artifacts into the tree at `checkout`: each at its path, replacing a file of the commit, never through
// a link, and checked against its list. Errors: `user`, two stages keep different files with one path, or a folder or a
// link of the commit is in the way; `infrastructure`, a file or a list differs from what was kept (the message names
// it), a file can't be written, or it was stopped.
Result<void> put_artifacts(const std::vector<GivenArtifacts>& given, const std::string& checkout,
                           const std::atomic<bool>& stop);

// For StageOutcome::given.
std::map<std::string, ArtifactsKept> given_of(const std::vector<GivenArtifacts>& given);

}  // namespace quietgate
