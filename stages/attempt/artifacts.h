// What a stage keeps of its tree, and how another stage of the run gets it: docs/artifacts.md.
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
  std::uint64_t bytes = 1ULL << 30;      // of all that an attempt keeps
  std::uint64_t run_bytes = 4ULL << 30;  // of all that the attempts of a run keep
};

struct Artifact {
  std::string path;  // as below the tree, and below the folder of artifacts: UTF-8 without control characters
  std::uint64_t bytes = 0;
  bool executable = false;
  std::string sha256;
};

struct KeptArtifacts {
  std::vector<Artifact> artifacts;  // by path
  ArtifactsKept total;
  std::vector<std::string> warnings;  // globs that matched nothing, files left out and why
  std::string incomplete;             // not empty: what did not fit into which limit, or could not be read
};

// Copies the regular files of `checkout` that match the globs into `folder` (what it held is removed; paths and the
// executable bit kept) and lists them in `listing`. Links out of the checkout are not followed; what is no regular file
// by then is left out with a warning. `already`: bytes that the run keeps. Safe to repeat. Errors (kind
// infrastructure): the copy can't be written, or it was stopped.
Result<KeptArtifacts> keep_artifacts(const std::string& checkout, const std::vector<std::string>& globs,
                                     const std::string& folder, const std::string& listing,
                                     const std::atomic<bool>& stop, std::uint64_t already = 0,
                                     ArtifactLimits limits = {});

// The listing of an attempt, checked against its digest on record. Errors are infrastructure.
Result<std::vector<Artifact>> read_listing(const std::string& attempt_directory, const ArtifactsKept& kept);

// Puts what others gave into the tree at `checkout`: each file at its path, in the place of what the commit has there,
// never through a link; each is checked against its listing. Errors: `user`, two stages give different files of one
// path, or the commit has a folder or a link in the way; `infrastructure`, a file or a listing is not what was kept
// (which is named), it can't be written, or it was stopped.
Result<void> put_artifacts(const std::vector<GivenArtifacts>& given, const std::string& checkout,
                           const std::atomic<bool>& stop);

// For StageOutcome::given.
std::map<std::string, ArtifactsKept> given_of(const std::vector<GivenArtifacts>& given);

}  // namespace quietgate
