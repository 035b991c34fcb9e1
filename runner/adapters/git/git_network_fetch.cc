#include "runner/adapters/git/git_network_fetch.h"

namespace quietgate {

Result<void> fetch_refspecs(GitConnection& connection, std::vector<std::string> refspecs) {
  std::vector<char*> texts;
  for (auto& spec : refspecs) texts.push_back(spec.data());
  const git_strarray all{texts.data(), texts.size()};
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = connection.callbacks();
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.prune = GIT_FETCH_NO_PRUNE;
  options.update_fetchhead = 0;
  const int code = git_remote_fetch(connection.remote(), &all, &options, nullptr);
  if (code < 0 || connection.broken()) return connection.error("fetch from", code);
  return {};
}

}  // namespace quietgate
