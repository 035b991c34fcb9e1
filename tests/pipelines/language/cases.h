// The corpus of pipeline files, for the tests that go through all of it.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "runner/ports/pipeline.h"

namespace quietgate {

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<std::filesystem::path> pipeline_cases(const std::string& folder) {
  std::vector<std::filesystem::path> out;
  const std::filesystem::path root = std::filesystem::path(QUIETGATE_SOURCE_DIR) / "tests/cases/pipelines" / folder;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline PlanContext some_commit() {
  PlanContext context;
  context.run = {"hello", 3};
  context.commit = "0123456789abcdef0123456789abcdef01234567";
  context.branch = "main";
  context.message = "Greet ${{ secrets.TOKEN }} $(rm -rf /)";
  context.author = "Ana <ana@example.org>";
  return context;
}

}  // namespace quietgate
