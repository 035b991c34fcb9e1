// The files of a project, as far as a first pipeline is made by them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

struct ProjectFile {
  std::string path;  // relative to the project's root
  std::string text;  // of files that tell what a project is; empty of others
};

class ProjectFiles {
 public:
  // Sorted by path.
  explicit ProjectFiles(std::vector<ProjectFile> files) : files_(std::move(files)) {}
  const std::vector<ProjectFile>& all() const { return files_; }
  bool has(std::string_view path) const { return find(path) != nullptr; }
  // Empty when there is no such file.
  std::string_view text(std::string_view path) const;

 private:
  const ProjectFile* find(std::string_view path) const;
  std::vector<ProjectFile> files_;
};

// What stands below the folder, at most four folders deep and 20,000 entries; without hidden folders, those that tools
// fill (node_modules, target, build, ...), and what has a control character or an expression in its name. Of one text
// at most 64 KiB are read. Links are not followed. Fails with kind user when the folder can't be read.
Result<ProjectFiles> read_project(const std::string& folder);

}  // namespace quietgate
