#include "runner/leader/process/records.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runner/leader/mask.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

namespace {

constexpr off_t status_space = 4096;
constexpr std::size_t most_detail = 1000;

// How many bytes the UTF-8 sequence at `at` has; 0 when it is none.
std::size_t sequence(const std::string& text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0U) != 0x80) return 0;
  }
  const auto second = size > 1 ? static_cast<unsigned char>(text[at + 1]) : 0;
  const bool overlong = lead == 0xE0 && second < 0xA0;
  const bool surrogate = lead == 0xED && second >= 0xA0;
  return overlong || surrogate ? 0 : size;
}

// A JSON string; what is not UTF-8 of up to three bytes becomes `?`.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (std::size_t at = 0; at < text.size() && result.size() < most_detail;) {
    const auto size = sequence(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (size == 0) {
      result += '?';
    } else if (byte < 0x20 || byte == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      result += escape;
    } else {
      if (byte == '"' || byte == '\\') result += '\\';
      result.append(text, at, size);
    }
    at += size == 0 ? 1 : size;
  }
  return result + "\"";
}

std::string failure(const char* what) {
  return std::string(what) + ": " + strerrordesc_np(errno);
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const auto put = ::pwrite(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += static_cast<std::size_t>(put);
  }
  return ::ftruncate(fd, static_cast<off_t>(text.size())) == 0;
}

std::string process_json(pid_t pid) {
  const auto stat = read_stat(pid);
  return "{\"pid\": " + std::to_string(pid) + ", \"start\": " + std::to_string(stat ? stat->start : 0) + "}";
}

}  // namespace

Records::~Records() {
  if (directory_ >= 0) ::close(directory_);
  if (status_ >= 0) ::close(status_);
}

std::string Records::open(const LeaderOrder& order) {
  leader_ = ::getpid();
  directory_ = ::open(order.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0) return failure(order.directory.c_str());
  status_ = ::openat(directory_, "status.json.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (status_ < 0) return failure("status.json.new");
  const int error = ::posix_fallocate(status_, 0, status_space);
  if (error != 0 && error != EOPNOTSUPP && error != EINVAL) {
    return std::string("no space for the status file: ") + strerrordesc_np(error);
  }
  return {};
}

bool Records::gone() const {
  struct stat about = {};
  return ::fstat(directory_, &about) == 0 && about.st_nlink == 0;
}

std::string Records::write_leader(const LeaderOrder& order, const std::string& group, int step) {
  const auto text = "{\"version\": 1, \"id\": " + quoted(order.id) + ", \"boot\": " + quoted(order.boot) +
                    ", \"leader\": " + process_json(leader_) + ", \"step\": " + process_json(step) +
                    ", \"group\": " + quoted(group) + "}\n";
  const int fd = ::openat(directory_, "leader.json.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return failure("leader.json.new");
  const bool written = write_all(fd, text);
  auto problem = written ? std::string() : failure("leader.json.new");
  ::close(fd);
  if (!written) return problem;
  if (::renameat(directory_, "leader.json.new", directory_, "leader.json") != 0) return failure("leader.json");
  // The effect follows: that it was begun must not be forgotten, even if the power fails.
  if (::fsync(directory_) != 0) return failure("leader.json");
  return {};
}

std::string Records::write_status(const LeaderOrder& order, const StepStatus& status) {
  const auto text = "{\"version\": 1, \"id\": " + quoted(order.id) + ", \"how\": \"" + status.how +
                    "\", \"code\": " + std::to_string(status.code) +
                    ", \"started\": " + std::to_string(status.started) +
                    ", \"ended\": " + std::to_string(status.ended) +
                    ", \"log_complete\": " + (status.log_complete ? "true" : "false") +
                    ", \"log_bytes\": " + std::to_string(status.log_bytes) +
                    ", \"lost_bytes\": " + std::to_string(status.lost_bytes) +
                    ", \"detail\": " + quoted(masked(status.detail, order.secrets)) + "}\n";
  if (!write_all(status_, text)) return failure("status.json.new");
  // Renamed before it is durable, so that a file system with one log for both writes that once. Where the power fails
  // between the two, a damaged status says what none would have said.
  if (!named_ && ::renameat(directory_, "status.json.new", directory_, "status.json") != 0)
    return failure("status.json");
  named_ = true;
  if (::fsync(status_) != 0 || ::fsync(directory_) != 0) return failure("status.json");
  return {};
}

}  // namespace quietgate
