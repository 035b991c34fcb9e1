#include "runner/service/data_backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "runner/adapters/journal_sqlite/journal_care.h"
#include "runner/base/files.h"
#include "runner/base/files_below.h"
#include "runner/base/tree_removal.h"
#include "runner/base/walk.h"
#include "runner/ports/data_layout.h"
#include "runner/service/data_lock.h"

namespace quietgate {

namespace {

namespace fs = std::filesystem;

constexpr const char* journal_name = "journal.sqlite";
constexpr std::size_t block_bytes = 256UL * 1024;

// Which of the files below a folder are copied, by their path relative to it.
using Wanted = std::function<bool(const std::string& path, EntryKind kind)>;

Error unwritten(const std::string& path, int problem) {
  return infrastructure_error(path + " can't be written: " + std::strerror(problem),
                              "check the space and the permissions of that folder");
}

// Answers an errno of writing; what can't be read any more ends the copy of that file.
int copy_bytes(const Descriptor& from, const Descriptor& to, std::uint64_t& bytes) {
  std::string block(block_bytes, '\0');
  for (;;) {
    const auto count = ::read(from.get(), block.data(), block.size());
    if (count <= 0) return ::fsync(to.get()) == 0 ? 0 : errno;
    for (ssize_t done = 0; done < count;) {
      const auto written = ::write(to.get(), block.data() + done, static_cast<std::size_t>(count - done));
      if (written < 0 && errno != EINTR) return errno;
      done += std::max<ssize_t>(written, 0);
    }
    bytes += static_cast<std::uint64_t>(count);
  }
}

bool is_longer(const Descriptor& one, const Descriptor& other) {
  struct stat first {};
  struct stat second {};
  return ::fstat(one.get(), &first) == 0 && ::fstat(other.get(), &second) == 0 && first.st_size > second.st_size;
}

// A file that is there already stays, unless it is shorter: then its copy was interrupted.
class FileCopy {
 public:
  FileCopy(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}

  enum class Unreadable { fails, left_out };
  // Of the folder of that name on both sides. One that is not there has no files.
  Result<void> copy(const std::string& folder, const Wanted& wanted, Unreadable unreadable = Unreadable::fails) {
    unreadable_ = unreadable;
    std::error_code unknown;
    if (!fs::is_directory(from_ + "/" + folder, unknown)) return {};
    const auto source = open_root(from_ + "/" + folder);
    if (source.problem != 0)
      return infrastructure_error(from_ + "/" + folder + " can't be read: " + std::strerror(source.problem));
    if (auto made = make_folder(to_ + "/" + folder, true); !made) return made.error();
    const auto target = open_root(to_ + "/" + folder);
    if (target.problem != 0) return unwritten(to_ + "/" + folder, target.problem);
    std::optional<Error> failed;
    const auto walked = walk_tree(from_ + "/" + folder, [&](const std::string& path, EntryKind kind) {
      if (kind == EntryKind::folder) return wanted(path, kind);
      if (kind == EntryKind::file && wanted(path, kind)) failed = copy_file(source.file, target.file, path);
      return !failed;
    });
    if (failed) return *failed;
    if (!walked.too_deep.empty()) ++left_out_;
    const bool is_cut = !walked.too_deep.empty() && unreadable == Unreadable::fails;
    if (walked.unread || walked.entries_over || is_cut)
      return infrastructure_error("not all of " + from_ + "/" + folder + " could be read",
                                  "check its permissions, and how many files it has");
    return {};
  }
  std::uint64_t files() const { return files_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t left_out() const { return left_out_; }

 private:
  std::optional<Error> copy_file(const Descriptor& source, const Descriptor& target, const std::string& path) {
    const auto from = open_file_below(source, path);
    if (from.problem == ENOENT) return std::nullopt;  // it was let go of meanwhile
    if (from.problem != 0 && unreadable_ == Unreadable::left_out) {
      ++left_out_;
      return std::nullopt;
    }
    if (from.problem != 0) return infrastructure_error(path + " can't be read: " + std::strerror(from.problem));
    auto to = make_file_below(target, path, 0600);
    if (to.problem == EEXIST) {
      if (!is_longer(from.file, open_file_below(target, path).file)) return std::nullopt;
      if (const int kept = remove_file_below(target, path); kept != 0) return unwritten(to_ + "/" + path, kept);
      to = make_file_below(target, path, 0600);
    }
    if (to.problem != 0) return unwritten(to_ + "/" + path, to.problem);
    if (const int problem = copy_bytes(from.file, to.file, bytes_); problem != 0)
      return unwritten(to_ + "/" + path, problem);
    ++files_;
    return std::nullopt;
  }

  std::string from_;
  std::string to_;
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t left_out_ = 0;
  Unreadable unreadable_ = Unreadable::fails;
};

// Of `repository/number/folder`: whether the layout keeps an attempt there.
bool is_attempt(const std::string& path) {
  const auto name = path.rfind('/');
  const auto owner = owner_in(parse_run_id(path.substr(0, name)), path.substr(name + 1));
  return owner && std::holds_alternative<AttemptOwner>(*owner);
}

// `repository/number/stage.1/...`: an attempt's own files, and its artifacts; no checkout and no tree.
bool is_wanted_of_runs(const std::string& path, EntryKind kind, const BackupParts& parts) {
  const auto depth = std::count(path.begin(), path.end(), '/');
  std::size_t at = 0;
  for (int part = 0; part < 3 && at != std::string::npos; ++part) at = path.find('/', at == 0 ? 0 : at + 1);
  const auto inside = at == std::string::npos ? std::string_view() : std::string_view(path).substr(at + 1);
  const bool is_artifact = inside == "artifacts" || inside.starts_with("artifacts/");
  const bool is_listing = inside == "artifacts.json";
  if (kind == EntryKind::folder) {
    return depth < 2 || (depth == 2 && is_attempt(path)) || (is_artifact && parts.artifacts);
  }
  if (is_artifact) return parts.artifacts;
  return depth == 3 && (parts.logs || (is_listing && parts.artifacts));
}

Result<void> sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return unwritten(path, errno);
  return {};
}

Result<BackupCount> copy_into(const std::string& data, const std::string& to, const BackupParts& parts) {
  if (auto made = make_folder(to, true); !made) return made.error();
  auto journal = backup_journal(data + "/" + journal_name, to + "/" + journal_name);
  if (!journal) return journal.error();
  FileCopy copy(data, to);
  Result<void> done;
  if (parts.keys) done = copy.copy("keys", [](const auto&, EntryKind) { return true; });
  if (done && (parts.logs || parts.artifacts))
    done = copy.copy(
        "runs", [&](const std::string& path, EntryKind kind) { return is_wanted_of_runs(path, kind, parts); },
        FileCopy::Unreadable::left_out);
  if (done) done = sync_folder(to);
  if (!done) return done.error();
  return BackupCount{journal->rows, journal->last, copy.files(), copy.bytes(), copy.left_out()};
}

// Every key of the backup is the directory's own, or the directory has none of that name.
Result<void> keys_agree(const std::string& from, const std::string& data) {
  std::error_code unknown;
  for (const auto& key : fs::directory_iterator(from + "/keys", unknown)) {
    const auto name = key.path().filename().string();
    const auto here = read_file_bounded(data + "/keys/" + name, 1UL << 20);
    const auto there = read_file_bounded(key.path().string(), 1UL << 20);
    if (here && there && *here != *there)
      return user_error(data + "/keys/" + name + " is another key than the backup's",
                        "move the folder `keys` of the data directory away, and restore again");
  }
  return {};
}

}  // namespace

Result<BackupCount> backup_data(const std::string& data, const std::string& to, const BackupParts& parts) {
  std::error_code unknown;
  if (fs::exists(fs::symlink_status(to, unknown)))
    return user_error(to + " is there already", "name a folder that is not there yet");
  const auto partial = to + ".partial";
  if (auto removed = remove_tree(partial); !removed) return removed.error();
  auto copied = copy_into(data, partial, parts);
  if (!copied) {
    (void)remove_tree(partial).ok();
    return copied;
  }
  fs::rename(partial, to, unknown);
  if (unknown) return unwritten(to, unknown.value());
  const auto parent = fs::path(to).parent_path().string();
  if (auto synced = sync_folder(parent.empty() ? "." : parent); !synced) return synced.error();
  return copied;
}

Result<BackupCount> restore_data(const std::string& from, const std::string& data) {
  std::error_code unknown;
  const bool is_folder = fs::is_directory(from, unknown);
  const auto journal = is_folder ? from + "/" + journal_name : from;
  const auto health = examine_journal(journal);
  if (!health) return health.error();
  if (!health->whole()) return infrastructure_error(journal + " is not a whole journal", "restore another backup");
  if (auto made = make_folder(data, true); !made) return made.error();
  auto lock = DirectoryLock::take(data);
  if (!lock) return lock.error();
  const auto place = data + "/" + journal_name;
  if (fs::exists(fs::symlink_status(place, unknown)))
    return user_error(data + " has a journal already", "move it away, or name another data directory with --data");
  FileCopy copy(from, data);
  if (is_folder) {
    if (auto agree = keys_agree(from, data); !agree) return agree.error();
    for (const char* folder : {"runs", "keys"}) {
      if (auto done = copy.copy(folder, [](const auto&, EntryKind) { return true; }); !done) return done.error();
    }
  }
  for (const char* rest : {"-wal", "-shm"}) fs::remove(place + rest, unknown);
  auto copied = backup_journal(journal, place);
  if (!copied) return copied.error();
  if (auto synced = sync_folder(data); !synced) return synced.error();
  return BackupCount{copied->rows, copied->last, copy.files(), copy.bytes(), copy.left_out()};
}

}  // namespace quietgate
