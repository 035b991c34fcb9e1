#include "runner/adapters/workspace/progress_files.h"

#include <cstddef>
#include <filesystem>

#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

constexpr const char* progress_file = "/progress.json";
constexpr std::size_t longest_progress = 16UL * 1024;

}  // namespace

void ProgressFiles::post(const std::string& attempt_directory, const std::string& document) {
  (void)replace_file(attempt_directory + progress_file, document + "\n");
}

void ProgressFiles::clear(const std::string& attempt_directory) {
  std::error_code ignored;
  std::filesystem::remove(attempt_directory + progress_file, ignored);
}

std::string ProgressFiles::read(const std::string& attempt_directory) const {
  auto text = read_plain(attempt_directory + progress_file, 0, longest_progress + 1);
  return text.size() > longest_progress ? std::string() : text;
}

}  // namespace quietgate
