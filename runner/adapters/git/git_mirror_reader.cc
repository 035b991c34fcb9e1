#include "runner/adapters/git/git_mirror_reader.h"

#include <set>

namespace quietgate {

namespace {

// What a hostile tree of trees could unfold to is not.
constexpr std::size_t max_paths = 1'000'000;

Result<TreeHandle> tree_of(git_repository* mirror, const std::string& repository, const CommitId& id) {
  auto commit = find_commit(mirror, repository, id);
  if (!commit) return commit.error();
  TreeHandle tree;
  if (git_commit_tree(receive(tree), commit->get()) != 0) {
    return infrastructure_error("the mirror of " + repository + " lacks the files of " + id + ": " + last_git_error(),
                                "remove the mirror; quietgate creates it again");
  }
  return tree;
}

struct Walk {
  const StopFlag& stop;
  std::set<std::string> paths;

  static int note(const git_diff*, const git_diff_delta* delta, const char*, void* payload) {
    auto& self = *static_cast<Walk*>(payload);
    if (self.stop.load() || self.paths.size() > max_paths) return GIT_EUSER;
    self.paths.insert(printable(delta->old_file.path, 4096));
    self.paths.insert(printable(delta->new_file.path, 4096));
    return 1;  // seen; libgit2 need not keep it
  }
};

}  // namespace

Result<GitCommit> GitMirrorReader::commit(const std::string& repository, const CommitId& id) const {
  auto mirror = mirrors_.open(repository);
  if (!mirror) return mirror.error();
  auto found = find_commit(mirror->get(), repository, id);
  if (!found) return found.error();
  GitCommit commit;
  commit.id = id;
  if (const auto* author = git_commit_author(found->get())) {
    commit.author = printable(std::string(author->name) + " <" + author->email + ">", 500);
  }
  if (const char* summary = git_commit_summary(found->get())) commit.summary = printable(summary, 1000);
  commit.committed = Time(std::chrono::seconds(git_commit_time(found->get())));
  return commit;
}

Result<std::optional<std::string>> GitMirrorReader::read_file(const std::string& repository, const CommitId& id,
                                                              const std::string& path, std::size_t max_bytes) const {
  using Answer = Result<std::optional<std::string>>;
  auto mirror = mirrors_.open(repository);
  if (!mirror) return mirror.error();
  auto tree = tree_of(mirror->get(), repository, id);
  if (!tree) return tree.error();
  TreeEntryHandle entry;
  if (const int absent = git_tree_entry_bypath(receive(entry), tree->get(), path.c_str()); absent != 0) {
    if (absent == GIT_ENOTFOUND) return Answer(std::nullopt);
    return infrastructure_error("cannot read " + path + " at " + id + ": " + last_git_error());
  }
  if (git_tree_entry_type(entry.get()) != GIT_OBJECT_BLOB) return Answer(std::nullopt);
  if (git_tree_entry_filemode(entry.get()) == GIT_FILEMODE_LINK) {
    return user_error(path + " is a symbolic link at commit " + id.substr(0, 7), "commit the file itself");
  }
  OdbHandle objects;
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  int code = git_repository_odb(receive(objects), mirror->get());
  if (code == 0) code = git_odb_read_header(&size, &type, objects.get(), git_tree_entry_id(entry.get()));
  if (code != 0) return infrastructure_error("cannot read " + path + " at " + id + ": " + last_git_error());
  if (size > max_bytes) {
    return user_error(path + " has " + std::to_string(size) + " bytes at commit " + id.substr(0, 7) + ", more than " +
                          std::to_string(max_bytes),
                      "make it smaller");
  }
  BlobHandle blob;
  if (git_blob_lookup(receive(blob), mirror->get(), git_tree_entry_id(entry.get())) != 0) {
    return infrastructure_error("cannot read " + path + " at " + id + ": " + last_git_error());
  }
  return Answer(std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                            static_cast<std::size_t>(git_blob_rawsize(blob.get()))));
}

Result<std::vector<std::string>> GitMirrorReader::changed_paths(const std::string& repository, const CommitId& from,
                                                                const CommitId& to, const StopFlag& stop) const {
  auto mirror = mirrors_.open(repository);
  if (!mirror) return mirror.error();
  auto after = tree_of(mirror->get(), repository, to);
  if (!after) return after.error();
  TreeHandle before;
  if (!from.empty()) {
    auto found = tree_of(mirror->get(), repository, from);
    if (!found) return found.error();
    before = std::move(*found);
  }
  Walk walk{stop, {}};
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
  options.notify_cb = Walk::note;
  options.payload = &walk;
  DiffHandle diff;
  const int code = git_diff_tree_to_tree(receive(diff), mirror->get(), before.get(), after->get(), &options);
  if (walk.paths.size() > max_paths) {
    return user_error("more than " + std::to_string(max_paths) + " paths differ between " + from + " and " + to);
  }
  if (code != 0) return infrastructure_error("cannot compare " + from + " and " + to + ": " + last_git_error());
  return std::vector<std::string>(walk.paths.begin(), walk.paths.end());
}

Result<bool> GitMirrorReader::is_ancestor(const std::string& repository, const CommitId& ancestor,
                                          const CommitId& descendant) const {
  auto mirror = mirrors_.open(repository);
  if (!mirror) return mirror.error();
  auto older = find_commit(mirror->get(), repository, ancestor);
  if (!older) return older.error();
  auto newer = find_commit(mirror->get(), repository, descendant);
  if (!newer) return newer.error();
  if (ancestor == descendant) return true;
  const int code = git_graph_descendant_of(mirror->get(), git_commit_id(newer->get()), git_commit_id(older->get()));
  if (code < 0) return infrastructure_error("cannot follow the history of " + descendant + ": " + last_git_error());
  return code == 1;
}

Result<std::vector<CommitId>> GitMirrorReader::commits_between(const std::string& repository, const CommitId& from,
                                                               const CommitId& to, std::size_t limit,
                                                               const StopFlag& stop) const {
  auto mirror = mirrors_.open(repository);
  if (!mirror) return mirror.error();
  auto last = find_commit(mirror->get(), repository, to);
  if (!last) return last.error();
  RevwalkHandle walk;
  int code = git_revwalk_new(receive(walk), mirror->get());
  if (code == 0) code = git_revwalk_push(walk.get(), git_commit_id(last->get()));
  if (code == 0) code = git_revwalk_simplify_first_parent(walk.get());
  if (!from.empty()) {
    auto first = find_commit(mirror->get(), repository, from);
    if (!first) return first.error();
    if (code == 0) code = git_revwalk_hide(walk.get(), git_commit_id(first->get()));
  }
  std::vector<CommitId> commits;
  git_oid id;
  while (code == 0 && commits.size() < limit && !stop.load()) {
    code = git_revwalk_next(&id, walk.get());
    if (code == 0) commits.push_back(to_hex(id));
  }
  if (code != 0 && code != GIT_ITEROVER) {
    return infrastructure_error("cannot follow the history of " + to + ": " + last_git_error());
  }
  return std::vector<CommitId>(commits.rbegin(), commits.rend());
}

}  // namespace quietgate
