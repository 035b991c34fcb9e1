#include "runner/cli/artifact_fetch.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runner/base/digest.h"
#include "runner/base/files_below.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

// A file that is written while it arrives, and taken away again unless it is what was kept.
class DownloadedFile {
 public:
  DownloadedFile(const Descriptor& root, std::string path, bool executable)
      : root_(root), path_(std::move(path)), opened_(make_file_below(root, path_, executable ? 0755 : 0644)) {}
  ~DownloadedFile() {
    if (opened_.file && !whole_) remove_file_below(root_, path_);
  }
  DownloadedFile(const DownloadedFile&) = delete;
  DownloadedFile& operator=(const DownloadedFile&) = delete;

  int problem() const { return opened_.problem; }
  bool take(std::string_view bytes) {
    digest_.add(bytes);
    while (!bytes.empty() && opened_.problem == 0) {
      const auto put = ::write(opened_.file.get(), bytes.data(), bytes.size());
      if (put < 0 && errno != EINTR) opened_.problem = errno;
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return opened_.problem == 0;
  }
  bool is(const std::string& sha256) { return whole_ = digest_.hex() == sha256; }

 private:
  const Descriptor& root_;
  std::string path_;
  OpenedFile opened_;
  Sha256 digest_;
  bool whole_ = false;
};

}  // namespace

std::optional<NotFetched> fetch_artifact(ApiClient& client, const std::string& address, const ListedArtifact& artifact,
                                         const Descriptor& root, const std::string& where) {
  const auto& path = artifact.path;
  const auto& digest = artifact.sha256;
  DownloadedFile file(root, path, artifact.executable);
  const auto unwritten = [&] {
    return NotFetched{
        infrastructure_error("can't write " + where + ": " + std::strerror(file.problem())), exit_failed, {}};
  };
  if (file.problem() == EEXIST)
    return NotFetched{
        user_error(where + " exists already", "remove it, or name another folder with --output"), exit_refused, {}};
  if (file.problem() != 0) return unwritten();
  auto reply = client.download(address, [&file](std::string_view bytes) { return file.take(bytes); });
  if (file.problem() != 0) return unwritten();
  if (!reply) return NotFetched{reply.error(), exit_unreachable, {}};
  if (reply->status != 200) return NotFetched{user_error(""), exit_refused, *reply};
  if (file.is(digest)) return std::nullopt;
  return NotFetched{infrastructure_error(printable(path) + " is not the file that the stage kept: its sha256 is not " +
                                             digest.substr(0, 16),
                                         "it was changed in the service's data directory: run the stage again"),
                    exit_failed,
                    {}};
}

}  // namespace quietgate
