#include "stages/artifacts.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/core/trigger.h"
#include "stages/tree.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

Result<std::uint64_t> copy_one(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) return infrastructure_error("can't keep the artifact " + to.string() + ": " + error.message());
  auto bytes = fs::file_size(to, error);
  return error ? 0 : static_cast<std::uint64_t>(bytes);
}

Result<void> write_listing(const std::vector<Artifact>& artifacts, const std::string& path) {
  auto list = nlohmann::json::array();
  for (const auto& artifact : artifacts) list.push_back({{"path", artifact.path}, {"bytes", artifact.bytes}});
  nlohmann::json document{{"version", 1}, {"artifacts", std::move(list)}};
  return write_file_whole(path, document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace

Result<KeptArtifacts> keep_artifacts(const std::string& checkout, const std::vector<std::string>& globs,
                                     const std::string& folder, const std::string& listing, ArtifactLimits limits) {
  KeptArtifacts kept;
  auto found = find_files(checkout, globs, limits.files);
  if (found.truncated) {
    kept.warnings.push_back("more than " + std::to_string(limits.files) + " artifacts match; the rest is left out");
  }
  if (found.skipped_links > 0) {
    kept.warnings.push_back(std::to_string(found.skipped_links) + " links out of the checkout are left out");
  }
  for (const auto& glob : globs) {
    bool matched = false;
    auto cleaned = glob.starts_with("./") ? glob.substr(2) : glob;
    for (const auto& path : found.paths) matched = matched || glob_matches(cleaned, path);
    if (!matched && !found.truncated) kept.warnings.push_back("no file matches the artifact glob \"" + glob + "\"");
  }
  std::uint64_t total = 0;
  for (const auto& path : found.paths) {
    std::error_code error;
    auto from = fs::path(checkout) / path;
    auto bytes = fs::file_size(from, error);
    if (error || total + bytes > limits.bytes) {
      kept.warnings.push_back(
          path + " is left out: " +
          (error ? error.message() : "artifacts would be larger than " + std::to_string(limits.bytes) + " bytes"));
      continue;
    }
    auto copied = copy_one(from, fs::path(folder) / path);
    if (!copied) return copied.error();
    total += *copied;
    kept.artifacts.push_back({path, *copied});
  }
  auto written = write_listing(kept.artifacts, listing);
  if (!written) return written.error();
  return kept;
}

}  // namespace quietgate
