// The reads that several sections of the configuration share: paths, sizes, globs, and where secrets are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/yaml/reader.h"
#include "runner/service/config.h"

namespace quietgate {

class ConfigValues : public ValueReader {
 public:
  // `file`: the configuration's own path, from whose folder relative paths start.
  ConfigValues(const std::string& file, Diagnostics& diagnostics);

  // An absolute path; `~` is HOME. Empty: a diagnostic was left.
  std::string local_path(const Found& found) const;
  // Bytes, of a text such as 500MiB; at least `least`.
  std::optional<std::uint64_t> size(const Found& found, std::uint64_t least) const;
  // Replaces `out` by a list of glob patterns.
  void globs(const Found& found, std::vector<std::string>& out) const;
  // Where a secret is. One that is written out leaves a diagnostic that doesn't show it.
  SecretSource source(const Found& found) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace quietgate
