#include "runner/leader/process/record_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runner/leader/masker.h"
#include "runner/leader/process_tree.h"

namespace quietgate {

namespace {

constexpr off_t space = 8192;  // for the leader and the status
constexpr std::size_t most_detail = 1000;

// How many bytes the UTF-8 sequence at `at` has; 0 when it is none. By hand: the tables behind runner/base/text.h
// would make this program half as large again, and each leader holds it in memory.
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
      constexpr const char* digits = "0123456789abcdef";
      result += std::string("\\u00") + digits[byte >> 4U] + digits[byte & 0xFU];
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

std::string process_json(pid_t pid) {
  const auto stat = read_stat(pid);
  return "{\"pid\": " + std::to_string(pid) + ", \"start\": " + std::to_string(stat ? stat->start : 0) + "}";
}

}  // namespace

RecordWriter::RecordWriter() : leader_(process_json(::getpid())) {}

std::string RecordWriter::open(const LeaderOrder& order, int record) {
  path_ = order.record;
  record_ = record;
  struct stat about = {};
  if (::fstat(record_, &about) != 0) return failure(path_.c_str());
  // Without it the disk may be full when the status is to be written; some file systems can't.
  if (::fallocate(record_, FALLOC_FL_KEEP_SIZE, 0, about.st_size + space) != 0 && errno != EOPNOTSUPP &&
      errno != ENOSYS)
    return failure("no space for the step's status");
  return {};
}

bool RecordWriter::removed() const {
  struct stat about = {};
  return ::fstat(record_, &about) == 0 && about.st_nlink == 0;
}

// As a whole or not at all.
std::string RecordWriter::add(const std::string& line) const {
  struct stat about = {};
  if (::fstat(record_, &about) != 0) return failure(path_.c_str());
  const auto put = ::write(record_, line.data(), line.size());
  if (put == static_cast<ssize_t>(line.size())) return {};
  auto problem = put < 0 ? failure(path_.c_str()) : path_ + ": no space";
  [[maybe_unused]] const int cut = ::ftruncate(record_, about.st_size);
  return problem;
}

std::string RecordWriter::write_leader(const LeaderOrder& order, const std::string& group, int step) {
  auto problem = add("{\"boot\": " + quoted(order.boot) + ", \"leader\": " + leader_ +
                     ", \"step\": " + process_json(step) + ", \"group\": " + quoted(group) + "}\n");
  // The effect follows: that it was begun must not be forgotten, even if the power fails.
  return problem.empty() && !order.journaled ? sync(false) : problem;
}

std::string RecordWriter::write_status(const LeaderOrder& order, const StepStatus& status) {
  if (ended_) return {};
  status_ = std::string("{\"how\": \"") + status.how + "\", \"code\": " + std::to_string(status.code) +
            ", \"started\": " + std::to_string(status.started) + ", \"ended\": " + std::to_string(status.ended) +
            ", \"log_complete\": " + (status.log_complete ? "true" : "false") +
            ", \"log_bytes\": " + std::to_string(status.log_bytes) +
            ", \"lost_bytes\": " + std::to_string(status.lost_bytes) +
            ", \"detail\": " + quoted(masked(status.detail, order.secrets)) + "}\n";
  auto problem = add(status_);
  ended_ = problem.empty();
  return problem;
}

std::string RecordWriter::sync(bool journaled) const {
  if (::fsync(record_) != 0) return failure(path_.c_str());
  if (journaled) return {};
  const int folder = ::open(path_.substr(0, path_.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  auto problem = synced ? std::string() : failure(path_.c_str());
  if (folder >= 0) ::close(folder);
  return problem;
}

}  // namespace quietgate
