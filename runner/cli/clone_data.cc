#include "runner/cli/clone_data.h"

#include <filesystem>
#include <system_error>

#include "runner/api/exchange.h"
#include "runner/base/digest.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t digits_of_path = 6;

// What is not allowed in the names of repositories becomes a dash.
std::string repository_name_of(const fs::path& path) {
  std::string name = path.filename();
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-') c = '-';
  }
  const auto begin = name.find_first_not_of(".-_");
  return begin == std::string::npos ? "repository" : name.substr(begin);
}

std::string directory_in(const std::string& data, const std::string& repository) {
  return fs::absolute(data).lexically_normal().string() + "/here/" + repository;
}

}  // namespace

CloneData clone_data_of(const std::string& path, const std::string& data) {
  std::error_code unknown;
  auto whole = fs::canonical(path, unknown);
  if (unknown) whole = fs::absolute(path).lexically_normal();
  const auto name = repository_name_of(whole) + "-" + sha256_hex(whole.string()).substr(0, digits_of_path);
  return {name, directory_in(data, name)};
}

std::optional<CloneData> clone_data_named(const std::string& repository, const std::string& data) {
  if (data.empty() || !is_plain_name(repository)) return std::nullopt;
  const auto directory = directory_in(data, repository);
  std::error_code unknown;
  if (!fs::is_directory(directory, unknown)) return std::nullopt;
  return CloneData{repository, directory};
}

}  // namespace quietgate
