#include "runner/adapters/git/git_checkout.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "runner/adapters/git/git_folder_fetch.h"
#include "runner/base/descriptor.h"
#include "runner/base/tree_removal.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_entries = 1'000'000;
constexpr std::uint64_t max_bytes = 32ULL << 30;
constexpr std::size_t max_depth = 128;
// libgit2 reads an object whole: of this size at most, and of large ones one at a time.
constexpr std::size_t max_file = largest_object;
constexpr std::size_t large_file = 8UL << 20;

// Writes one commit's tree. Every name is opened relative to its real parent folder, and links come last, so nothing is
// ever written through a link.
class TreeWriter {
 public:
  TreeWriter(git_repository* mirror, CommitId id, std::mutex& large, const StopFlag& stop)
      : mirror_(mirror), id_(std::move(id)), large_(large), stop_(stop) {}

  Result<void> write(const git_tree* tree, int root) {
    if (git_repository_odb(receive(objects_), mirror_) != 0) return unreadable("the objects");
    auto written = folder(tree, root, "", 0);
    for (auto link = links_.begin(); written && link != links_.end(); ++link) written = make_link(root, *link);
    for (auto link = links_.begin(); written && link != links_.end(); ++link) written = check_link(root, *link);
    return written;
  }

 private:
  struct Link {
    std::string path;
    std::string target;
    bool climbs_late = false;  // has `..` after a name
  };

  Result<void> folder(const git_tree* tree, int parent, const std::string& prefix, std::size_t depth);
  Result<void> entry(const git_tree_entry* entry, int parent, const std::string& path, std::size_t depth);
  Result<void> file(const git_tree_entry* entry, int parent, const std::string& path);
  Result<void> blob(const git_tree_entry* entry, int parent, const std::string& path);
  Result<void> subfolder(const git_tree_entry* entry, int parent, const std::string& path, std::size_t depth);
  Result<void> note_link(const std::string& path, const std::string& target);
  Result<void> make_link(int root, const Link& link) const;
  Result<void> check_link(int root, const Link& link) const;

  Error hostile(const std::string& path, const std::string& why) const {
    return step_error("commit " + id_.substr(0, 7) + " can't be checked out: " + printable(path, 300) + " " + why,
                      "remove it from the repository");
  }
  static Error failed(const std::string& path, int error) {
    return infrastructure_error("cannot write " + printable(path, 300) + ": " + std::strerror(error),
                                "check the disk and the directory's owner");
  }
  Error unreadable(const std::string& path) const {
    return infrastructure_error("cannot read " + printable(path, 300) + " of " + id_ + ": " + last_git_error(),
                                "remove the mirror; quietgate creates it again");
  }

  git_repository* mirror_;
  OdbHandle objects_;
  CommitId id_;
  std::mutex& large_;
  const StopFlag& stop_;
  std::size_t entries_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<Link> links_;
};

bool is_dot_git(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name == ".git";
}

Result<void> TreeWriter::folder(const git_tree* tree, int parent, const std::string& prefix, std::size_t depth) {
  if (depth > max_depth) return hostile(prefix, "is nested more than " + std::to_string(max_depth) + " folders deep");
  for (std::size_t i = 0; i < git_tree_entrycount(tree); ++i) {
    const auto* one = git_tree_entry_byindex(tree, i);
    const std::string name = git_tree_entry_name(one);
    const auto path = prefix + name;
    if (stop_.load()) return infrastructure_error("the checkout of " + id_ + " was stopped");
    if (++entries_ > max_entries) return hostile(path, "is one of more than " + std::to_string(max_entries) + " files");
    if (name.empty() || name == "." || name == ".." || is_dot_git(name) || name.find('/') != std::string::npos) {
      return hostile(path, "has a name that no file may have");
    }
    if (auto written = entry(one, parent, path, depth); !written) return written;
  }
  return {};
}

Result<void> TreeWriter::entry(const git_tree_entry* entry, int parent, const std::string& path, std::size_t depth) {
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_TREE:
      return subfolder(entry, parent, path, depth);
    case GIT_FILEMODE_COMMIT:  // a submodule
      if (::mkdirat(parent, git_tree_entry_name(entry), 0777) != 0) return failed(path, errno);
      return {};
    default:
      return file(entry, parent, path);
  }
}

Result<void> TreeWriter::subfolder(const git_tree_entry* entry, int parent, const std::string& path,
                                   std::size_t depth) {
  const char* name = git_tree_entry_name(entry);
  if (::mkdirat(parent, name, 0777) != 0) {
    return errno == EEXIST ? hostile(path, "is there twice") : failed(path, errno);
  }
  const Descriptor inside(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inside) return failed(path, errno);
  TreeHandle tree;
  if (git_tree_lookup(receive(tree), mirror_, git_tree_entry_id(entry)) != 0) return unreadable(path);
  return folder(tree.get(), inside.get(), path + "/", depth + 1);
}

// Its size is known before any of it is read.
Result<void> TreeWriter::file(const git_tree_entry* entry, int parent, const std::string& path) {
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (git_odb_read_header(&size, &type, objects_.get(), git_tree_entry_id(entry)) != 0) return unreadable(path);
  if (size > max_file) {
    return step_error("commit " + id_.substr(0, 7) + " can't be checked out: " + printable(path, 300) + " has " +
                          std::to_string(size >> 20) + " MiB; a file may have " + std::to_string(max_file >> 20) +
                          " MiB",
                      "keep large files outside of Git, and fetch them in a step");
  }
  std::unique_lock one(large_, std::defer_lock);
  if (size > large_file) one.lock();
  return blob(entry, parent, path);
}

Result<void> TreeWriter::blob(const git_tree_entry* entry, int parent, const std::string& path) {
  BlobHandle blob;
  if (git_blob_lookup(receive(blob), mirror_, git_tree_entry_id(entry)) != 0) return unreadable(path);
  std::string_view bytes(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                         static_cast<std::size_t>(git_blob_rawsize(blob.get())));
  const auto mode = git_tree_entry_filemode(entry);
  if (mode == GIT_FILEMODE_LINK) return note_link(path, std::string(bytes));
  bytes_ += bytes.size();
  if (bytes_ > max_bytes) return hostile(path, "makes the files larger than 32 GiB together");
  const Descriptor out(::openat(parent, git_tree_entry_name(entry),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0777 : 0666));
  if (!out) return errno == EEXIST ? hostile(path, "is there twice") : failed(path, errno);
  while (!bytes.empty()) {
    const auto written = ::write(out.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// By its text alone a link must not climb above the root.
Result<void> TreeWriter::note_link(const std::string& path, const std::string& target) {
  const bool odd = target.empty() || target.size() > 4000 || target.find('\0') != std::string::npos;
  if (odd || target.front() == '/') return hostile(path, "is a link that leads out of the repository");
  Link link{path, target};
  auto depth = std::count(path.begin(), path.end(), '/');
  bool named = false;
  for (const auto& part : fs::path(target)) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      named = true;
      ++depth;
      continue;
    }
    link.climbs_late = link.climbs_late || named;
    if (--depth < 0)
      return hostile(path, "is a link that leads out of the repository (" + printable(target, 200) + ")");
  }
  links_.push_back(std::move(link));
  return {};
}

Result<void> TreeWriter::make_link(int root, const Link& link) const {
  if (::symlinkat(link.target.c_str(), root, link.path.c_str()) != 0) {
    return errno == EEXIST ? hostile(link.path, "is there twice") : failed(link.path, errno);
  }
  return {};
}

// A link whose target is `..`s and then names is judged by its text, since the folder it lies in is real. One that
// climbs after a name may climb from wherever another link has led it: there the kernel is asked.
Result<void> TreeWriter::check_link(int root, const Link& link) const {
  if (!link.climbs_late) return {};
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const Descriptor opened(static_cast<int>(::syscall(SYS_openat2, root, link.path.c_str(), &how, sizeof how)));
  if (opened) return {};
  return hostile(link.path,
                 "is a link that can't be shown to stay in the repository (" + printable(link.target, 200) + ")");
}

}  // namespace

Result<void> GitCheckout::write(const std::string& repository, const CommitId& id, const std::string& directory,
                                const StopFlag& stop) {
  auto mirror = mirrors_.open(repository);
  if (!mirror) return mirror.error();
  auto commit = find_commit(mirror->get(), repository, id);
  if (!commit) return commit.error();
  TreeHandle tree;
  if (git_commit_tree(receive(tree), commit->get()) != 0) {
    return infrastructure_error("the mirror of " + repository + " lacks the files of " + id + ": " + last_git_error(),
                                "remove the mirror; quietgate creates it again");
  }
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return infrastructure_error("cannot make the directory " + directory + ": " + error.message());
  if (!fs::is_empty(directory, error) || error) {
    return infrastructure_error("cannot check out into " + directory + ": it is not empty", "give an empty directory");
  }
  Result<void> written;
  {
    const Descriptor root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) return infrastructure_error("cannot open " + directory + ": " + std::strerror(errno));
    written = TreeWriter(mirror->get(), id, large_files_, stop).write(tree.get(), root.get());
  }
  if (!written) {
    for (const auto& left : fs::directory_iterator(directory, error)) (void)remove_tree(left.path()).ok();
  }
  return written;
}

}  // namespace quietgate
