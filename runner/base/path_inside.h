// Paths that people name, kept inside a folder.
#pragma once

#include <filesystem>
#include <string>

#include "runner/base/result.h"

namespace quietgate {

// The absolute path of `relative` below `root`; an empty one is the root itself. An error of kind user when the path is
// absolute, climbs out with `..`, or leads out of the root through a symlink. It need not exist.
Result<std::string> path_inside(const std::string& root, const std::string& relative);

// Whether `path` is the root or lies below it; by their names alone.
bool is_path_inside(const std::filesystem::path& path, const std::filesystem::path& root);

}  // namespace quietgate
