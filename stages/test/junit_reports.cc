#include "stages/test/junit_reports.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "runner/base/digest.h"
#include "runner/base/file_search.h"
#include "runner/base/files.h"
#include "runner/base/files_below.h"
#include "runner/base/json.h"

namespace quietgate {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_memory = 4UL * 1024 * 1024;
constexpr std::size_t piece = 64UL * 1024;

// A file as it was before. Its inode and its times change when it is moved, touched, or copied up from a lower layer:
// only other bytes are a new report.
struct Before {
  std::uint64_t bytes = 0;
  std::string state;   // size, inode and times: when they are the same, nobody need read it
  std::string sha256;  // empty: there was too much to be read
};

std::string inode_of(const struct stat& status) {
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

// A time of change can't be set back, as the others can.
std::string state_of(const struct stat& status) {
  const auto time = [](const timespec& at) { return std::to_string(at.tv_sec) + "." + std::to_string(at.tv_nsec); };
  return inode_of(status) + " " + std::to_string(status.st_size) + " " + time(status.st_mtim) + " " +
         time(status.st_ctim);
}

struct Report {
  Descriptor file;
  struct stat status {};
};

// The regular file that the path leads to, also by a link that stays in the checkout.
Result<Report> open_report(const fs::path& root, const Descriptor& folder, const std::string& path) {
  std::error_code error;
  const auto real = fs::canonical(root / path, error);
  if (error) return step_error("the JUnit report " + path + " can't be read: " + error.message());
  auto opened = open_file_below(folder, real.lexically_relative(root).string());
  Report report;
  if (opened.file && ::fstat(opened.file.get(), &report.status) != 0) opened.problem = errno;
  if (opened.problem != 0)
    return step_error("the JUnit report " + path + " can't be read: " + std::strerror(opened.problem));
  report.file = std::move(opened.file);
  return report;
}

// All of it; nothing when it is longer than `most` or the flag was set.
std::optional<std::string> content_of(const Descriptor& file, std::uint64_t size, std::uint64_t most,
                                      const std::atomic<bool>& stop) {
  if (size > most) return std::nullopt;
  std::string content(size, '\0');
  std::uint64_t at = 0;
  while (at < size && !stop.load()) {
    const auto got = ::read(file.get(), content.data() + at, std::min<std::uint64_t>(piece, size - at));
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    at += static_cast<std::uint64_t>(got);
  }
  if (stop.load()) return std::nullopt;
  content.resize(at);
  return content;
}

class Memory {
 public:
  // By path and by inode: a link to an old report is that report.
  void add(const std::string& path, const struct stat& status, Before before) {
    digests_.insert(before.sha256);
    by_key_.emplace("inode " + inode_of(status), before);
    by_key_.emplace(key_of(path), std::move(before));
  }
  const Before* find(const std::string& path, const struct stat& status) const {
    for (const auto& key : {key_of(path), "inode " + inode_of(status)}) {
      if (auto found = by_key_.find(key); found != by_key_.end()) return &found->second;
    }
    return nullptr;
  }
  bool was_at(const std::string& path) const { return by_key_.contains(key_of(path)); }
  // Whether some report held these bytes. Nothing is told by no bytes: a report that was cut off has none either.
  bool held(const std::string& content, const std::string& sha256) const {
    return !content.empty() && digests_.contains(sha256);
  }
  std::string text() const {
    auto files = Json::object();
    for (const auto& [key, before] : by_key_)
      files[key] = {{"bytes", before.bytes}, {"state", before.state}, {"sha256", before.sha256}};
    return json_text(Json{{"version", 2}, {"files", std::move(files)}}) + "\n";
  }
  static Result<Memory> read(const std::string& file) {
    const auto lost = infrastructure_error("the list of reports from before the commands is lost", "retry the stage");
    auto text = read_file_bounded(file, max_memory);
    const auto json = text ? Json::parse(*text, nullptr, false) : Json();
    if (!json.is_object() || json.value("version", 0) != 2 || !json.value("files", Json()).is_object()) return lost;
    Memory memory;
    for (const auto& [key, before] : json["files"].items()) {
      if (!before.is_object()) return lost;
      memory.by_key_[key] = {before.value("bytes", std::uint64_t{0}), before.value("state", std::string()),
                             before.value("sha256", std::string())};
      memory.digests_.insert(memory.by_key_[key].sha256);
    }
    return memory;
  }

 private:
  // A name may be no UTF-8.
  static std::string key_of(const std::string& path) { return "path " + sha256_hex(path); }
  std::map<std::string, Before> by_key_;
  std::set<std::string> digests_;
};

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string(bytes / 1024 / 1024) + " MiB";
}

// A report that nobody looked at might be the one that failed.
Result<void> looked_through(const FoundFiles& found, const std::string& glob, const ReportLimits& limits,
                            const std::atomic<bool>& stop) {
  if (stop.load()) return infrastructure_error("looking for JUnit reports was stopped");
  if (found.truncated)
    return step_error("more than " + std::to_string(limits.files) + " JUnit reports match \"" + glob + "\"",
                      "use a narrower `junit:` pattern");
  if (!found.not_searched.empty())
    return step_error("the search for JUnit reports was incomplete: " + found.not_searched);
  return {};
}

Result<void> fit(const FoundFiles& found, const std::string& glob) {
  if (found.first_unusable.empty()) return {};
  return step_error(found.first_unusable + " matches \"" + glob + "\" but is " + found.why_unusable,
                    "let the command write the report itself there, or use a narrower `junit:` pattern");
}

// `out/deep and 2 more folders match "out/**": only files are read`.
std::string folders_of(const FoundFiles& found, const std::string& glob) {
  if (found.folders == 0) return {};
  const auto more = found.folders - 1;
  const auto which = more == 0 ? " is a folder and matches" : " and " + std::to_string(more) + " more folders match";
  return found.first_folder + which + " \"" + glob + "\": only files are read";
}

// What a command wrote with the very bytes of before can't be told from what it only touched or moved. A pass is not
// believed then; a failure is.
bool tells_of_failure(std::string content, const JunitLimits& limits) {
  const auto report = parse_junit(std::move(content), limits);
  return report && count(report->tests).failed > 0;
}

// Adds what one report says; `left`: what all that come yet may hold.
Result<void> take(const std::string& path, std::string content, ReportLimits& left, ReadReports& all) {
  auto report = parse_junit(std::move(content), left.contents);
  if (!report) return step_error("the JUnit report " + path + " can't be read: " + report.error().message);
  left.contents.tests -= std::min(left.contents.tests, report->tests.size());
  for (const auto& test : report->tests)
    left.contents.kept_text -= std::min(left.contents.kept_text, test.name.size() + test.message.size());
  all.tests.insert(all.tests.end(), std::make_move_iterator(report->tests.begin()),
                   std::make_move_iterator(report->tests.end()));
  if (report->disagreement.empty()) return {};
  all.disagreements.push_back(path + ": " + report->disagreement);
  if (all.disagreement.empty()) all.disagreement = report->disagreement;
  return {};
}

Result<void> read_one(const std::string& path, const Report& report, const Memory& known, ReportLimits& left,
                      const std::atomic<bool>& stop, ReadReports& all, bool& written) {
  const auto* before = known.find(path, report.status);
  const auto size = static_cast<std::uint64_t>(report.status.st_size);
  written = before == nullptr || before->bytes != size;
  if (!written && (before->state == state_of(report.status) || before->sha256.empty())) return {};
  auto content = content_of(report.file, size, left.bytes, stop);
  if (!content && stop.load()) return infrastructure_error("reading the JUnit reports was stopped");
  if (!content)
    return step_error(size > left.bytes ? "the JUnit reports are too large together: " + path + " holds " +
                                              mebibytes(size) + ", and " + mebibytes(left.bytes) + " are left"
                                        : "the JUnit report " + path + " can't be read",
                      "keep the output of the tests out of their reports");
  const auto sha256 = sha256_hex(*content);
  const bool same = !written && sha256 == before->sha256;
  written = (!same && !known.held(*content, sha256)) || tells_of_failure(*content, left.contents);
  if (!written) return {};
  left.bytes -= content->size();
  return take(path, std::move(*content), left, all);
}

}  // namespace

Result<void> remember_reports(const std::string& checkout, const std::string& glob, const std::string& memory,
                              const std::atomic<bool>& stop, ReportLimits limits) {
  std::error_code error;
  if (fs::exists(memory, error)) return {};
  const auto root = fs::canonical(checkout, error);
  const auto folder = open_root(root.string());
  Memory known;
  std::map<std::string, Before> read;  // by inode
  auto left = limits.bytes;
  const auto found = find_files(checkout, {glob}, limits.files, &stop);
  if (auto whole = looked_through(found, glob, limits, stop); !whole) return whole.error();
  for (const auto& path : found.paths) {
    if (stop.load()) return infrastructure_error("looking for JUnit reports was stopped");
    auto report = open_report(root, folder.file, path);
    if (!report) continue;
    auto [before, fresh] = read.emplace(inode_of(report->status), Before{});
    if (fresh) {
      const auto size = static_cast<std::uint64_t>(report->status.st_size);
      before->second = {size, state_of(report->status), {}};
      if (auto content = content_of(report->file, size, left, stop)) {
        left -= content->size();
        before->second.sha256 = sha256_hex(*content);
      }
    }
    known.add(path, report->status, before->second);
  }
  return write_file_durably(memory, known.text());
}

Result<ReadReports> read_reports(const std::string& checkout, const std::string& glob, const std::string& memory,
                                 const std::atomic<bool>& stop, ReportLimits limits) {
  auto known = Memory::read(memory);
  if (!known) return known.error();
  std::error_code error;
  const auto root = fs::canonical(checkout, error);
  const auto folder = open_root(root.string());
  const auto found = find_files(checkout, {glob}, limits.files, &stop);
  if (auto whole = looked_through(found, glob, limits, stop); !whole) return whole.error();
  if (auto all_fit = fit(found, glob); !all_fit) return all_fit.error();
  ReadReports all;
  all.passed_over = folders_of(found, glob);
  std::set<std::string> inodes;
  bool any = false;
  for (const auto& path : found.paths) {
    auto report = open_report(root, folder.file, path);
    if (!report) return report.error();
    if (!inodes.insert(inode_of(report->status)).second) continue;
    bool written = false;
    auto taken = read_one(path, *report, *known, limits, stop, all, written);
    if (!taken) return taken.error();
    any = any || written;
  }
  if (any) return all;
  std::string what = "no JUnit report was written: ";
  if (found.paths.empty()) {
    what += "no file matches \"" + glob + "\"";
    if (!all.passed_over.empty()) what += "; " + all.passed_over;
  } else if (known->was_at(found.paths.front())) {
    what += found.paths.front() + " existed when the commands began, and has not changed since";
  } else {
    what += found.paths.front() + " is a copy of a report that existed when the commands began";
  }
  return step_error(what, "let the command write the report, or correct `junit:` in the pipeline");
}

}  // namespace quietgate
