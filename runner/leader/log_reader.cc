#include "runner/leader/log_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "runner/base/plain_file.h"

namespace quietgate {

namespace {

constexpr std::size_t block = 4096;

std::optional<LogIndex::Entry> parse(std::string_view line) {
  long long time = 0;
  std::uint64_t offset = 0;
  const auto* end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, time);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return {};
  const auto second = std::from_chars(first.ptr + 1, end, offset);
  if (second.ec != std::errc() || second.ptr != end) return {};
  return LogIndex::Entry{Time(Milliseconds(time)), offset};
}

std::string read_at(int file, std::uint64_t from, std::size_t size) {
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const auto got = ::pread(file, text.data() + done, size - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

// Calls `each` with the entries whose lines begin in [from, to), until it answers false. What is no entry (the header,
// a line torn by a full disk) is passed over.
template <class Each>
void for_entries(int file, std::uint64_t from, std::uint64_t to, Each each) {
  // One byte earlier: a line that begins exactly at `from` is known by the newline before it.
  const auto begin = from == 0 ? 0 : from - 1;
  const auto text = read_at(file, begin, static_cast<std::size_t>(to - begin) + 128);
  std::size_t at = 0;
  if (from != 0) {
    at = text.find('\n');
    if (at == std::string::npos) return;
    ++at;
  }
  while (at < text.size() && begin + at < to) {
    const auto end = text.find('\n', at);
    if (end == std::string::npos) return;  // still being written
    const auto entry = parse(std::string_view(text).substr(at, end - at));
    if (entry && !each(*entry)) return;
    at = end + 1;
  }
}

}  // namespace

bool LogReader::open() {
  if (!file_) file_.reset(open_plain(path_, O_RDONLY));
  return static_cast<bool>(file_);
}

Result<std::size_t> LogReader::read(std::uint64_t offset, char* buffer, std::size_t size) {
  if (!open()) {
    if (errno == ENOENT) return std::size_t{0};
    return infrastructure_error("can't read " + path_ + ": " + open_plain_problem());
  }
  for (;;) {
    const auto got = ::pread(file_.get(), buffer, size, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return infrastructure_error("can't read " + path_ + ": " + strerrordesc_np(errno));
  }
}

Result<std::uint64_t> LogReader::size() {
  struct stat about = {};
  if (open() && ::fstat(file_.get(), &about) == 0) return static_cast<std::uint64_t>(about.st_size);
  if (errno == ENOENT) return std::uint64_t{0};
  return infrastructure_error("can't read " + path_ + ": " + open_plain_problem());
}

LogIndex::LogIndex(const std::string& log) : file_(open_plain(log + ".index", O_RDONLY)) {
  struct stat about = {};
  if (file_ || ::stat(log.c_str(), &about) != 0 || about.st_size == 0) return;
  const auto written = std::int64_t{about.st_mtim.tv_sec} * 1000 + about.st_mtim.tv_nsec / 1'000'000;
  whole_ = Entry{Time(Milliseconds(written)), 0};
}

template <class Above>
std::optional<LogIndex::Entry> LogIndex::last_not(Above above) const {
  if (whole_) return above(*whole_) ? std::nullopt : whole_;
  struct stat about = {};
  if (!file_ || ::fstat(file_.get(), &about) != 0) return {};
  std::uint64_t low = 0;
  auto high = static_cast<std::uint64_t>(about.st_size);
  while (high - low > block) {
    const auto middle = low + (high - low) / 2;
    std::optional<Entry> first;
    for_entries(file_.get(), middle, std::min(high, middle + block), [&](const Entry& entry) {
      first = entry;
      return false;
    });
    if (!first || above(*first)) {
      high = middle;
    } else {
      low = middle;
    }
  }
  std::optional<Entry> found;

  for_entries(file_.get(), low, high + block, [&](const Entry& entry) {
    if (above(entry)) return false;
    found = entry;
    return true;
  });
  return found;
}

std::uint64_t LogIndex::offset_at(Time time) const {
  const auto entry = last_not([&](const Entry& seen) { return seen.time > time; });
  return entry ? entry->offset : 0;
}

std::optional<Time> LogIndex::time_at(std::uint64_t offset) const {
  const auto entry = last_not([&](const Entry& seen) { return seen.offset > offset; });
  return entry ? std::optional(entry->time) : std::nullopt;
}

}  // namespace quietgate
