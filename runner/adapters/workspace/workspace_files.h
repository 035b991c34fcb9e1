// The data directory's folders of runs, on a file system.
#pragma once

#include <functional>

#include "runner/ports/data_layout.h"
#include "runner/ports/workspace.h"

namespace quietgate {

class WorkspaceFiles final : public Workspace {
 public:
  using OpenLog = std::function<std::unique_ptr<StageLog>(const std::string& path, std::vector<std::string> secrets)>;
  using Say = std::function<void(const std::string& line)>;
  // `data` is absolute and exists. `say` is called for everything that is moved aside.
  WorkspaceFiles(std::string data, OpenLog open_log, Say say = {});

  Result<std::optional<MovedAside>> clear_attempt(const AttemptId& attempt) override;
  Result<std::string> attempt(const RunId& run, const std::string& stage, int attempt) override;
  std::string checkout(const RunId& run) const override;
  std::string environments() const override;
  bool has_checkout(const RunId& run) const override;
  Result<std::string> begin_checkout(const RunId& run) override;
  Result<void> finish_checkout(const RunId& run) override;
  Result<void> remove_checkout(const RunId& run) override;
  std::unique_ptr<StageLog> open_log(const std::string& attempt_directory, std::vector<std::string> secrets) override;

 private:
  // The folder of the run; call it before using the folder. A link, a file, or another user's folder in its place, or
  // in place of its repository's folder, is renamed. The folder may be absent. Errors are of kind infrastructure.
  Result<std::string> own(const RunId& run) const;
  Result<std::string> made(const RunId& run) const;  // the same, and creates the folder
  DataLayout layout_;
  OpenLog open_log_;
  Say say_;
};

}  // namespace quietgate
