#include "runner/adapters/workspace/attempt_folders.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "runner/base/files_below.h"
#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

Result<std::optional<StoredFile>> not_opened(int problem, const std::string& what) {
  const bool for_now = problem == EMFILE || problem == ENFILE || problem == ENOMEM || problem == EIO ||
                       problem == EACCES || problem == EPERM || problem == ESTALE;
  if (!for_now) return std::optional<StoredFile>();
  return infrastructure_error("can't open " + what + ": " + std::strerror(problem),
                              "check the permissions of the data directory and the service's limit of open files");
}

Result<std::optional<StoredFile>> stored(Descriptor file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return std::optional<StoredFile>();
  std::optional<StoredFile> found;
  found.emplace(StoredFile{std::move(file), facts.st_size});
  return found;
}

}  // namespace

Result<std::optional<StoredFile>> AttemptFolders::open(const AttemptId& attempt, AttemptFile file) {
  const auto path = layout_.file(attempt, file);
  Descriptor opened(open_plain(path, O_RDONLY));
  if (!opened) return not_opened(errno, path);
  return stored(std::move(opened));
}

Result<std::optional<StoredFile>> AttemptFolders::open_artifact(const AttemptId& attempt, const std::string& path) {
  const auto folder = layout_.artifacts(attempt);
  auto top = open_root(folder);
  if (!top.file) return not_opened(top.problem, folder);
  auto opened = open_file_below(top.file, path);
  if (!opened.file) return not_opened(opened.problem, folder + "/" + path);
  return stored(std::move(opened.file));
}

}  // namespace quietgate
