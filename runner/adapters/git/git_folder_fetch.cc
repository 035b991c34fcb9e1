#include "runner/adapters/git/git_folder_fetch.h"

#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include <utility>

namespace quietgate {

namespace {

using ConfigHandle = std::unique_ptr<git_config, FreedBy<git_config_free>>;
using TagHandle = std::unique_ptr<git_tag, FreedBy<git_tag_free>>;

constexpr std::size_t large_object = 8UL << 20;
constexpr std::int64_t window_memory = 16 << 20;

// Never one that reads as if it were within the limit.
std::string shown_size(std::size_t size) {
  const auto whole = size >> 20;
  return whole > largest_object >> 20 ? std::to_string(whole) + " MiB" : std::to_string(size) + " bytes";
}

struct FreeWriter {
  void operator()(git_odb_writepack* writer) const { writer->free(writer); }
};
using WriterHandle = std::unique_ptr<git_odb_writepack, FreeWriter>;

struct Writing {
  GitConnection* connection = nullptr;
  git_odb_writepack* pack = nullptr;
  git_indexer_progress stats{};
};

int on_packing(int, std::uint32_t, std::uint32_t, void* payload) {
  return static_cast<GitConnection*>(payload)->bound().over() ? GIT_EUSER : 0;
}

int on_bytes(void* bytes, std::size_t size, void* payload) {
  auto& writing = *static_cast<Writing*>(payload);
  writing.stats.received_bytes += size;
  // The writer itself asks only once an object is whole.
  const auto asked = writing.connection->callbacks();
  if (asked.transfer_progress(&writing.stats, asked.payload) != 0) return GIT_EUSER;
  return writing.pack->append(writing.pack, bytes, size, &writing.stats);
}

// What the pack is made with is read from the configuration of the repository that it is made of: ours, not theirs.
// libgit2 up to 1.9 takes deltaCacheSize for the size from which on objects are not compared with each other; without
// that it holds ten of them, whole, beside what it needs to compare them.
int keep_small(git_repository* folder, git_repository* mirror) {
  ConfigHandle config;
  int code = git_config_new(receive(config));
  const auto file = std::string(git_repository_path(mirror)) + "config";
  if (code == 0) code = git_config_add_file_ondisk(config.get(), file.c_str(), GIT_CONFIG_LEVEL_LOCAL, nullptr, 0);
  const std::pair<const char*, std::int64_t> wanted[] = {{"pack.windowmemory", window_memory},
                                                         {"pack.deltacachesize", 1 << 20}};
  for (const auto& [key, value] : wanted) {
    std::int64_t now = 0;
    if (code != 0 || (git_config_get_int64(&now, config.get(), key) == 0 && now == value)) continue;
    code = git_config_set_int64(config.get(), key, value);
  }
  return code == 0 ? git_repository_set_config(folder, config.get()) : code;
}

}  // namespace

Error GitFolderFetch::failed(int code) {
  return connection_.error("fetch from", code);
}

Result<void> GitFolderFetch::open() {
  int code = git_repository_open(receive(folder_), connection_.url().path.c_str());
  if (code == 0) code = keep_small(folder_.get(), mirror_);
  if (code == 0) code = git_repository_odb(receive(theirs_), folder_.get());
  if (code == 0) code = git_repository_odb(receive(ours_), mirror_);
  if (code == 0) code = git_packbuilder_new(receive(pack_), folder_.get());
  if (code != 0) return failed(code);
  git_packbuilder_set_threads(pack_.get(), 1);
  git_packbuilder_set_callbacks(pack_.get(), on_packing, &connection_);
  return {};
}

Result<std::vector<CommitId>> GitFolderFetch::bring(const std::vector<Ref>& refs) {
  if (auto opened = open(); !opened) return opened.error();
  std::vector<CommitId> at;
  std::vector<Found> tips;
  for (const auto& ref : refs) {
    git_oid id;
    const int code = git_reference_name_to_id(&id, folder_.get(), ref.from.c_str());
    if (code != 0 && code != GIT_ENOTFOUND) return failed(code);
    at.push_back(code == 0 ? to_hex(id) : CommitId());
    if (code == 0) tips.push_back({id, {}});
  }
  if (auto collected = collect(std::move(tips)); !collected) return collected.error();
  if (auto sent = send(); !sent) return sent.error();
  for (std::size_t i = 0; i < refs.size(); ++i) {
    ReferenceHandle made;
    git_oid id;
    if (!parse_id(at[i], id)) continue;
    const int code = git_reference_create(receive(made), mirror_, refs[i].to.c_str(), &id, 1, nullptr);
    if (code != 0) return failed(code);
  }
  return at;
}

Result<void> GitFolderFetch::collect(std::vector<Found> begin) {
  pending_ = std::move(begin);
  while (!pending_.empty()) {
    const auto found = std::move(pending_.back());
    pending_.pop_back();
    git_object_t type = GIT_OBJECT_INVALID;
    auto fresh = admit(found, type);
    if (!fresh) return fresh.error();
    if (!*fresh) continue;
    if (auto expanded = expand(found, type); !expanded) return expanded;
  }
  return {};
}

// Into the pack, unless the mirror has it (with all that it leads to: what is written is whole) or it is in there.
Result<bool> GitFolderFetch::admit(const Found& found, git_object_t& type) {
  if (connection_.bound().over()) return failed(-1);
  if (git_odb_exists_ext(ours_.get(), &found.id, GIT_ODB_LOOKUP_NO_REFRESH) == 1) return false;
  std::size_t size = 0;
  if (const int code = git_odb_read_header(&size, &type, theirs_.get(), &found.id); code != 0) return failed(-1);
  if (size > largest_object) {
    const auto name = found.path.empty() ? "object " + to_hex(found.id) : printable(found.path, 300);
    return step_error(
        name + " has " + shown_size(size) + "; a file may have " + std::to_string(largest_object >> 20) + " MiB",
        "keep large files outside of Git, and fetch them in a step; a file that a later commit removed counts too, "
        "unless a Git server serves the folder");
  }
  largest_ = std::max(largest_, size);
  const auto before = git_packbuilder_object_count(pack_.get());
  const char* name = found.path.empty() ? nullptr : found.path.c_str();
  if (const int code = git_packbuilder_insert(pack_.get(), &found.id, name); code != 0) return failed(code);
  return git_packbuilder_object_count(pack_.get()) > before;
}

Result<void> GitFolderFetch::expand(const Found& found, git_object_t type) {
  bool read = true;
  if (type == GIT_OBJECT_COMMIT) read = expand_commit(found.id);
  if (type == GIT_OBJECT_TREE) read = expand_tree(found);
  if (type == GIT_OBJECT_TAG) read = expand_tag(found.id);
  return read ? Result<void>{} : Result<void>(failed(-1));
}

bool GitFolderFetch::expand_commit(const git_oid& id) {
  CommitHandle commit;
  if (git_commit_lookup(receive(commit), folder_.get(), &id) != 0) return false;
  for (unsigned i = 0; i < git_commit_parentcount(commit.get()); ++i)
    pending_.push_back({*git_commit_parent_id(commit.get(), i), {}});
  pending_.push_back({*git_commit_tree_id(commit.get()), {}});
  return true;
}

bool GitFolderFetch::expand_tree(const Found& found) {
  TreeHandle tree;
  if (git_tree_lookup(receive(tree), folder_.get(), &found.id) != 0) return false;
  const auto prefix = found.path.empty() ? std::string() : found.path + "/";
  for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
    const auto* entry = git_tree_entry_byindex(tree.get(), i);
    if (git_tree_entry_type(entry) == GIT_OBJECT_COMMIT) continue;  // a submodule's, elsewhere
    pending_.push_back({*git_tree_entry_id(entry), prefix + git_tree_entry_name(entry)});
  }
  return true;
}

bool GitFolderFetch::expand_tag(const git_oid& id) {
  TagHandle tag;
  if (git_tag_lookup(receive(tag), folder_.get(), &id) != 0) return false;
  pending_.push_back({*git_tag_target_id(tag.get()), {}});
  return true;
}

Result<void> GitFolderFetch::send() {
  if (git_packbuilder_object_count(pack_.get()) == 0) return {};
  std::unique_lock one(large_, std::defer_lock);
  while (largest_ > large_object && !one.owns_lock()) {
    if (connection_.bound().over()) return failed(-1);
    one.try_lock_for(Milliseconds(100));
  }
  const auto asked = connection_.callbacks();
  WriterHandle writer;
  int code = git_odb_write_pack(receive(writer), ours_.get(), asked.transfer_progress, asked.payload);
  Writing writing{&connection_, writer.get()};
  if (code == 0) code = git_packbuilder_foreach(pack_.get(), on_bytes, &writing);
  if (code == 0) code = writer->commit(writer.get(), &writing.stats);
  if (code != 0 || connection_.broken()) return failed(code);
  return {};
}

}  // namespace quietgate
