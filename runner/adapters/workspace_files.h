// The data directory's folders of runs, on a file system.
#pragma once

#include <functional>

#include "runner/ports/workspace.h"

namespace quietgate {

class WorkspaceFiles final : public Workspace {
 public:
  using OpenLog = std::function<std::unique_ptr<StageLog>(const std::string& path, std::vector<std::string> secrets)>;
  // `data` is absolute and exists.
  WorkspaceFiles(std::string data, OpenLog open_log);

  Result<std::optional<std::string>> clear_attempt(const RunId& run, const std::string& stage, int attempt) override;
  Result<std::string> attempt(const RunId& run, const std::string& stage, int attempt) override;
  std::string checkout(const RunId& run) const override;
  std::string environments() const override;
  bool has_checkout(const RunId& run) const override;
  Result<std::string> begin_checkout(const RunId& run) override;
  Result<void> finish_checkout(const RunId& run) override;
  Result<void> remove_checkout(const RunId& run) override;
  std::unique_ptr<StageLog> open_log(const std::string& attempt_directory, std::vector<std::string> secrets) override;

 private:
  std::string of(const RunId& run) const;
  std::string data_;
  OpenLog open_log_;
};

}  // namespace quietgate
