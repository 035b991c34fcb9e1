#include "stages/attempt/artifacts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "runner/base/digest.h"
#include "runner/base/file_search.h"
#include "runner/base/files.h"
#include "runner/base/files_below.h"
#include "runner/base/glob.h"
#include "runner/base/json.h"
#include "runner/base/text.h"
#include "runner/base/tree_removal.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

constexpr std::size_t piece = 256UL * 1024;
// What is not on the disk yet is waited for by whoever syncs next, which is the journal.
constexpr std::uint64_t flushed_each = 32UL * 1024 * 1024;
constexpr std::size_t max_listing = 16UL * 1024 * 1024;
constexpr const char* stopped = "copying artifacts was stopped";

struct Copied {
  std::uint64_t bytes = 0;
  std::string sha256;
  int problem = 0;        // of the copy, as errno
  bool too_long = false;  // it holds more than it may
};

bool write_all(int file, const char* bytes, std::size_t count) {
  while (count > 0) {
    const auto put = ::write(file, bytes, count);
    if (put < 0 && errno != EINTR) return false;
    if (put <= 0) continue;
    bytes += put;
    count -= static_cast<std::size_t>(put);
  }
  return true;
}

Copied copy(const Descriptor& from, const Descriptor& to, std::uint64_t most, const std::atomic<bool>& stop) {
  Copied copied;
  Sha256 digest;
  std::vector<char> bytes(piece);
  for (;;) {
    if (stop.load()) copied.problem = ECANCELED;
    const auto got = copied.problem == 0 ? ::read(from.get(), bytes.data(), bytes.size()) : 0;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) copied.problem = errno;
    if (got <= 0) break;
    const auto count = static_cast<std::size_t>(got);
    copied.too_long = copied.bytes + count > most;
    if (copied.too_long) break;
    digest.add({bytes.data(), count});
    copied.bytes += count;
    if (!write_all(to.get(), bytes.data(), count)) copied.problem = errno;
    if (copied.bytes / flushed_each != (copied.bytes - count) / flushed_each) ::fdatasync(to.get());
  }
  copied.sha256 = digest.hex();
  return copied;
}

Result<void> write_listing(KeptArtifacts& kept, const std::string& path) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& artifact : kept.artifacts) {
    list.push_back({{"path", artifact.path},
                    {"bytes", artifact.bytes},
                    {"mode", artifact.executable ? "0755" : "0644"},
                    {"sha256", artifact.sha256}});
  }
  const auto text = json_text(nlohmann::ordered_json{{"version", 2}, {"artifacts", std::move(list)}}) + "\n";
  kept.total.sha256 = sha256_hex(text);
  return write_file_durably(path, text);
}

bool is_plain(std::string_view path) {
  while (!path.empty()) {
    const auto character = first_character(path);
    if (!character.valid || !is_printable(character.code)) return false;
    path.remove_prefix(character.bytes);
  }
  return true;
}

// One attempt's copying: what there is room for, and where it goes.
struct Keeping {
  fs::path root;  // canonical
  Descriptor from;
  Descriptor to;
  std::uint64_t room = 0;
  std::string limit;  // `1 GiB`
  const std::atomic<bool>& stop;
};

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

Result<void> keep_one(const Keeping& at, const std::string& path, KeptArtifacts& kept) {
  const auto leave_out = [&](const std::string& why) {
    kept.warnings.push_back((is_plain(path) ? path : std::string("a file")) + " is left out: " + why);
    return Result<void>();
  };
  if (!is_plain(path)) return leave_out("its name is not UTF-8, or contains a control character");
  const auto unread = [&](const std::string& why) {
    kept.incomplete = "its artifact " + path + " can't be read: " + why;
    return leave_out(why);
  };
  std::error_code error;
  const auto real = fs::canonical(at.root / path, error);
  if (error) return unread(error.message());
  const auto source = open_file_below(at.from, real.lexically_relative(at.root).string());
  struct stat status {};
  if (source.problem != 0) return unread(std::strerror(source.problem));
  if (::fstat(source.file.get(), &status) != 0) return unread(std::strerror(errno));
  const auto room = at.room - static_cast<std::uint64_t>(kept.total.bytes);
  const bool fits = static_cast<std::uint64_t>(status.st_size) <= room;
  Copied copied;
  copied.too_long = !fits;
  if (fits) {
    const bool executable = (status.st_mode & 0111) != 0;
    const auto target = make_file_below(at.to, path, executable ? 0755 : 0644);
    if (target.problem != 0)
      return infrastructure_error("can't keep the artifact " + path + ": " + std::strerror(target.problem));
    copied = copy(source.file, target.file, room, at.stop);
    if (copied.problem == ECANCELED) return infrastructure_error(stopped);
    if (copied.problem != 0)
      return infrastructure_error("can't keep the artifact " + path + ": " + std::strerror(copied.problem));
    if (!copied.too_long) kept.artifacts.push_back({path, copied.bytes, executable, copied.sha256});
  }
  if (copied.too_long) {
    kept.incomplete = "its artifacts are larger than " + at.limit + ": " + path + " did not fit";
    ::unlinkat(at.to.get(), path.c_str(), 0);
    return leave_out("the artifacts would be larger than " + at.limit);
  }
  kept.total.bytes += static_cast<std::int64_t>(copied.bytes);
  ++kept.total.files;
  return {};
}

void tell_globs(const std::vector<std::string>& globs, const FoundFiles& found, KeptArtifacts& kept) {
  if (found.skipped_links > 0) {
    kept.warnings.push_back(std::to_string(found.skipped_links) + " links out of the checkout are left out");
  }
  if (found.skipped_others > 0)
    kept.warnings.push_back(std::to_string(found.skipped_others) +
                            " matches are FIFOs, sockets or devices and are left out");
  if (found.truncated) return;
  for (const auto& glob : globs) {
    const auto cleaned = glob.starts_with("./") ? glob.substr(2) : glob;
    const bool matched = std::any_of(found.paths.begin(), found.paths.end(),
                                     [&](const std::string& path) { return glob_matches(cleaned, path); });
    if (!matched) kept.warnings.push_back("no file matches the artifact glob \"" + glob + "\"");
  }
}

// A path that keeps to its folder; a listing is checked by its digest, and yet.
bool is_relative(const std::string& path) {
  return !path.empty() && fs::path(path).lexically_normal().string() == path && path.front() != '/' &&
         !path.starts_with("../") && path != ".." && path.back() != '/';
}

Result<std::vector<Artifact>> artifacts_in(const std::string& text, const std::string& file) {
  const auto json = Json::parse(text, nullptr, false);
  const auto strange = infrastructure_error(file + " is not a list of artifacts in a version that quietgate knows",
                                            "run the stage again");
  if (!json.is_object() || json.value("version", Json()) != 2 || !json.value("artifacts", Json()).is_array())
    return strange;
  std::vector<Artifact> artifacts;
  for (const auto& each : json["artifacts"]) {
    if (!each.is_object()) return strange;
    Artifact artifact;
    const auto text_of = [&](const char* key) {
      const auto value = each.value(key, Json());
      return value.is_string() ? value.get<std::string>() : std::string();
    };
    artifact.path = text_of("path");
    artifact.sha256 = text_of("sha256");
    artifact.executable = text_of("mode") == "0755";
    artifact.bytes = each.value("bytes", Json(0U)).is_number_unsigned() ? each["bytes"].get<std::uint64_t>() : 0;
    if (!is_relative(artifact.path)) return strange;
    artifacts.push_back(std::move(artifact));
  }
  return artifacts;
}

std::string in_the_way(int problem) {
  if (problem == ELOOP || problem == ENOTDIR) return "the commit has a link or a file where its folder should be";
  if (problem == EISDIR) return "the commit has a folder there";
  return std::strerror(problem);
}

// Whatever the commit has there gives way, but for a folder.
OpenedFile replace(const Descriptor& root, const std::string& path, bool executable) {
  const mode_t mode = executable ? 0755 : 0644;
  auto target = make_file_below(root, path, mode);
  if (target.problem != EEXIST) return target;
  if (const int problem = remove_file_below(root, path); problem != 0) return {Descriptor(), problem};
  return make_file_below(root, path, mode);
}

Result<void> put_one(const std::string& stage, const Descriptor& from, const Artifact& artifact, const Descriptor& to,
                     const std::atomic<bool>& stop) {
  const auto name = artifact.path + " of " + stage;
  const auto source = open_file_below(from, artifact.path);
  if (source.problem != 0)
    return infrastructure_error(name + " is gone: " + std::strerror(source.problem), "run " + stage + " again");
  const auto target = replace(to, artifact.path, artifact.executable);
  if (target.problem == ELOOP || target.problem == ENOTDIR || target.problem == EISDIR)
    return user_error(name + " can't be put into the tree: " + in_the_way(target.problem),
                      "keep it under another path, or remove that file or folder from the repository");
  if (target.problem != 0)
    return infrastructure_error(name + " can't be put into the tree: " + in_the_way(target.problem));
  const auto copied = copy(source.file, target.file, artifact.bytes, stop);
  if (copied.problem == ECANCELED) return infrastructure_error(stopped);
  if (copied.problem != 0)
    return infrastructure_error(name + " can't be put into the tree: " + std::strerror(copied.problem));
  // The mode of a new file is cut by the process's mask.
  if (::fchmod(target.file.get(), artifact.executable ? 0755 : 0644) != 0)
    return infrastructure_error(name + " can't be put into the tree: " + std::strerror(errno));
  if (copied.too_long || copied.bytes != artifact.bytes || copied.sha256 != artifact.sha256) {
    return infrastructure_error(
        name + " is not the file that " + stage + " kept: its sha256 is no longer " + artifact.sha256.substr(0, 16),
        "somebody changed it in the data directory: run " + stage + " again");
  }
  return {};
}

}  // namespace

Result<KeptArtifacts> keep_artifacts(const std::string& checkout, const std::vector<std::string>& globs,
                                     const std::string& folder, const std::string& listing,
                                     const std::atomic<bool>& stop, std::uint64_t already, ArtifactLimits limits) {
  KeptArtifacts kept;
  const auto found = find_files(checkout, globs, limits.files, &stop);
  tell_globs(globs, found, kept);
  if (found.truncated) {
    kept.incomplete = "more than " + std::to_string(limits.files) + " files match its artifacts";
    kept.warnings.push_back("more than " + std::to_string(limits.files) + " files match; the rest is left out");
  }
  if (stop.load()) return infrastructure_error(stopped);
  if (!found.not_searched.empty())
    kept.incomplete = "the search for its artifacts was incomplete: " + found.not_searched;
  if (auto removed = remove_tree(folder); !removed) return removed.error();
  if (auto made = make_folder(folder); !made) return made.error();
  std::error_code error;
  const auto root = fs::canonical(checkout, error);
  auto from = open_root(root.string());
  auto to = open_root(folder);
  if (error || from.problem != 0 || to.problem != 0)
    return infrastructure_error("can't keep artifacts in " + folder + ": the folder or the tree can't be opened");
  const auto of_run = limits.run_bytes - std::min(limits.run_bytes, already);
  const bool run_is_full = of_run < limits.bytes;
  const Keeping at{root,
                   std::move(from.file),
                   std::move(to.file),
                   run_is_full ? of_run : limits.bytes,
                   run_is_full ? mebibytes(limits.run_bytes) + " of all stages of the run" : mebibytes(limits.bytes),
                   stop};
  for (const auto& path : found.paths) {
    if (auto one = keep_one(at, path, kept); !one) return one.error();
  }
  auto written = write_listing(kept, listing);
  if (!written) return written.error();
  return kept;
}

Result<std::vector<Artifact>> read_listing(const std::string& attempt_directory, const ArtifactsKept& kept) {
  const auto file = attempt_directory + "/artifacts.json";
  auto text = read_file_bounded(file, max_listing);
  if (!text) return text.error();
  if (sha256_hex(*text) != kept.sha256)
    return infrastructure_error(
        file + " differs from what was recorded: its sha256 is no longer " + kept.sha256.substr(0, 16),
        "somebody changed it in the data directory: run the stage again");
  return artifacts_in(*text, file);
}

Result<void> put_artifacts(const std::vector<GivenArtifacts>& given, const std::string& checkout,
                           const std::atomic<bool>& stop) {
  struct Source {
    std::string stage;
    Artifact artifact;
  };
  std::map<std::string, Source> sources;  // by path
  std::map<std::string, Descriptor> folders;
  for (const auto& each : given) {
    auto listed = read_listing(each.directory, each.kept);
    if (!listed) return listed.error();
    auto folder = open_root(each.directory + "/artifacts");
    if (folder.problem != 0)
      return infrastructure_error("the artifacts of " + each.stage + " are gone: " + std::strerror(folder.problem),
                                  "run the stage again");
    folders.emplace(each.stage, std::move(folder.file));
    for (auto& artifact : *listed) {
      const auto path = artifact.path;
      const auto [other, fresh] = sources.emplace(path, Source{each.stage, artifact});
      const auto& known = other->second.artifact;
      if (!fresh && (known.sha256 != artifact.sha256 || known.executable != artifact.executable))
        return user_error(
            other->second.stage + " and " + each.stage + " both keep " + path + ", with different content",
            "keep it under different paths, or name only one of them in `from`");
    }
  }
  const auto root = open_root(checkout);
  if (root.problem != 0)
    return infrastructure_error("the tree " + checkout + " can't be opened: " + std::strerror(root.problem));
  for (const auto& [path, source] : sources) {
    auto put = put_one(source.stage, folders.at(source.stage), source.artifact, root.file, stop);
    if (!put) return put;
  }
  return {};
}

std::map<std::string, ArtifactsKept> given_of(const std::vector<GivenArtifacts>& given) {
  std::map<std::string, ArtifactsKept> by_stage;
  for (const auto& each : given) by_stage.emplace(each.stage, each.kept);
  return by_stage;
}

}  // namespace quietgate
