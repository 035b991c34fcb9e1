// What attempts left, in memory.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <map>

#include "runner/ports/attempt_store.h"

namespace quietgate {

class FakeAttemptStore final : public AttemptStore {
 public:
  bool broken = false;  // nothing can be opened

  void leave(const AttemptId& attempt, AttemptFile file, std::string text) {
    files_[{attempt, file}] = std::move(text);
  }
  void keep(const AttemptId& attempt, const std::string& path, std::string bytes) {
    artifacts_[{attempt, path}] = std::move(bytes);
  }
  void lose(const AttemptId& attempt, const std::string& path) { artifacts_.erase({attempt, path}); }

  Result<std::optional<StoredFile>> open(const AttemptId& attempt, AttemptFile file) override {
    return found(files_, {attempt, file});
  }
  Result<std::optional<StoredFile>> open_artifact(const AttemptId& attempt, const std::string& path) override {
    return found(artifacts_, {attempt, path});
  }

 private:
  template <class Key>
  Result<std::optional<StoredFile>> found(const std::map<Key, std::string>& all, const Key& key) const {
    if (broken) return infrastructure_error("can't open it: too many open files");
    std::optional<StoredFile> file;
    if (auto at = all.find(key); at != all.end()) {
      Descriptor memory(::memfd_create("attempt", MFD_CLOEXEC));
      const auto written = ::write(memory.get(), at->second.data(), at->second.size());
      file.emplace(StoredFile{std::move(memory), written});
    }
    return file;
  }
  std::map<std::pair<AttemptId, AttemptFile>, std::string> files_;
  std::map<std::pair<AttemptId, std::string>, std::string> artifacts_;
};

}  // namespace quietgate
