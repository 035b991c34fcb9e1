// Readers that several sections of the configuration share: paths, sizes, globs and sources of secrets.
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
  // `file`: the configuration's path; relative paths start at its folder.
  ConfigValues(const std::string& file, Diagnostics& diagnostics);

  // An absolute path; `~` is HOME. Empty if there is a diagnostic.
  std::string local_path(const Found& found) const;
  // Bytes from a text such as 500MiB; at least `least`.
  std::optional<std::uint64_t> size(const Found& found, std::uint64_t least) const;
  // Replaces `out` with a list of glob patterns.
  void globs(const Found& found, std::vector<std::string>& out) const;
  // The source of a secret. A plain value is an error, and its diagnostic does not show it.
  SecretSource source(const Found& found) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace quietgate
