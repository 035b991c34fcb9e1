#include "runner/leader/log_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

constexpr std::string_view index_header = "quietgate-log-index 1\n";
constexpr std::size_t most_vectors = 256;

std::string size_text(std::uint64_t bytes) {
  constexpr const char* units[] = {" bytes", " KiB", " MiB", " GiB"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < std::size(units)) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + units[unit];
}

}  // namespace

LogWriter::~LogWriter() {
  if (log_ >= 0) ::close(log_);
  if (index_ >= 0) ::close(index_);
}

std::string LogWriter::open(const std::string& path, bool raw) {
  raw_ = raw;
  log_ = open_plain(path, O_WRONLY | O_CREAT | O_APPEND | (raw ? O_TRUNC : 0));
  if (log_ < 0) return path + ": " + open_plain_problem();
  if (raw) return {};
  path_ = path;
  struct stat about = {};
  if (::fstat(log_, &about) == 0 && about.st_size > 0) {
    end_ = static_cast<std::uint64_t>(about.st_size);
    begun_ = std::int64_t{about.st_mtim.tv_sec} * 1000 + about.st_mtim.tv_nsec / 1'000'000;
  }
  return {};
}

// Not before there is something to tell: many logs are short, and a new file is dear.
bool LogWriter::open_index() {
  index_ = open_plain(path_ + ".index", O_WRONLY | O_CREAT | O_APPEND);
  // Two writers may both find it empty; a reader skips the second header like any line that is not an entry.
  if (index_ >= 0 && ::lseek(index_, 0, SEEK_END) == 0) {
    std::string head(index_header);
    if (begun_ != 0) head += std::to_string(begun_) + " 0\n";
    const auto put = ::write(index_, head.data(), head.size());
    index_torn_ = put > 0 && static_cast<std::size_t>(put) < head.size();
  }
  return index_ >= 0;
}

std::string LogWriter::why_lost() const {
  std::string why = lost_ == 0 ? "" : strerrordesc_np(error_);
  if (cut_ != 0) why += (why.empty() ? "" : "; ") + ("it reached its limit of " + size_text(limit_));
  return why;
}

std::size_t LogWriter::room_for(std::size_t bytes) const {
  if (limit_ == 0) return bytes;
  if (cut_ != 0 || end_ >= limit_) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, limit_ - end_));
}

// The first time the log says so.
void LogWriter::cut(std::uint64_t bytes) {
  const bool first = cut_ == 0;
  cut_ += bytes;
  if (raw_ || !first || end_ > limit_) return;  // beyond it: another step of the same log has said it
  const auto line = std::string(last_byte_ == '\n' ? "" : "\n") + "[quietgate: the log reached its limit of " +
                    size_text(limit_) + ": the rest is not kept]\n";
  [[maybe_unused]] const auto put = ::write(log_, line.data(), line.size());
  last_byte_ = '\n';
}

void LogWriter::lose(std::uint64_t bytes, int error) {
  lost_ += bytes;
  unsaid_ += bytes;
  error_ = error;
}

void LogWriter::note(std::int64_t now, ssize_t bytes) {
  if (raw_ || (indexed_ != 0 && now - indexed_ < index_every && now >= indexed_)) return;
  // After an append the file's position is the end of what was appended, whoever else appends.
  const auto end = ::lseek(log_, 0, SEEK_CUR);
  if (end < bytes) return;
  end_ = static_cast<std::uint64_t>(end);
  indexed_ = now;
  if (end == bytes) {  // as long as this is all, the log's own time tells the same
    begun_ = now;
    return;
  }
  if (index_ < 0 && !open_index()) return;
  const auto line = (index_torn_ ? "\n" : "") + std::to_string(now) + " " + std::to_string(end - bytes) + "\n";
  const auto put = ::write(index_, line.data(), line.size());
  if (put > 0) index_torn_ = static_cast<std::size_t>(put) < line.size();
}

// False when not all could be appended; what is left is counted as lost.
bool LogWriter::append(struct iovec* vectors, std::size_t count, std::int64_t now) {
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) total += vectors[i].iov_len;
  while (total > 0) {
    const auto put = ::writev(log_, vectors, static_cast<int>(count));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      lose(total, put < 0 ? errno : ENOSPC);
      return false;
    }
    end_ += static_cast<std::uint64_t>(put);
    note(now, put);
    written_ += static_cast<std::uint64_t>(put);
    total -= static_cast<std::size_t>(put);
    for (auto done = static_cast<std::size_t>(put); done > 0;) {
      const auto part = std::min(done, vectors->iov_len);
      if (part > 0) last_byte_ = static_cast<const char*>(vectors->iov_base)[part - 1];
      vectors->iov_base = static_cast<char*>(vectors->iov_base) + part;
      vectors->iov_len -= part;
      done -= part;
      if (vectors->iov_len == 0 && count > 1) {
        ++vectors;
        --count;
      }
    }
  }
  return true;
}

bool LogWriter::append_marker() {
  while (!marker_.empty() || unsaid_ != 0) {
    if (marker_.empty()) {
      marker_ = std::string(last_byte_ == '\n' ? "" : "\n") + "[quietgate: " + std::to_string(unsaid_) +
                " bytes of log lost: " + strerrordesc_np(error_) + "]\n";
      marker_begun_ = false;
    }
    const auto put = ::write(log_, marker_.data(), marker_.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      if (put < 0) error_ = errno;
      // While nothing of it stands in the log, the next one is made anew, with what is lost until then.
      if (!marker_begun_) marker_.clear();
      return false;
    }
    if (!marker_begun_) unsaid_ = 0;
    marker_begun_ = true;
    last_byte_ = '\n';
    marker_.erase(0, static_cast<std::size_t>(put));
  }
  return true;
}

void LogWriter::write(const std::vector<std::string_view>& pieces, std::int64_t now) {
  if (!raw_ && lost_ != 0 && !append_marker()) {
    for (auto piece : pieces) lose(piece.size(), error_);
    return;
  }
  struct iovec vectors[most_vectors];
  std::size_t beyond = 0;
  for (std::size_t begin = 0; begin < pieces.size(); begin += most_vectors) {
    const auto count = std::min(most_vectors, pieces.size() - begin);
    std::size_t asked = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto room = room_for(asked + pieces[begin + i].size()) - asked;
      vectors[i] = {const_cast<char*>(pieces[begin + i].data()), room};
      asked += room;
      beyond += pieces[begin + i].size() - room;
    }
    if (append(vectors, count, now)) continue;
    for (std::size_t i = begin + count; i < pieces.size(); ++i) lose(pieces[i].size(), error_);
    break;
  }
  if (beyond != 0) cut(beyond);
}

void LogWriter::finish() {
  if (!raw_ && log_ >= 0) append_marker();
}

}  // namespace quietgate
