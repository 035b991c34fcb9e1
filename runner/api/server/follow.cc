#include "runner/api/server/follow.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runner/api/documents.h"
#include "runner/base/base64.h"

namespace quietgate {

namespace asio = boost::asio;

namespace {

constexpr std::size_t piece_bytes = 32 * 1024;
constexpr std::size_t recent_pieces = 8;
constexpr std::size_t recent_journal_bytes = 128 * 1024;
constexpr std::size_t journal_batch = 256;
constexpr Milliseconds look_again{250};

std::string event_text(const Row& row) {
  std::string text = "id: " + std::to_string(row.sequence) + "\nevent: " + type_of(row.event) + "\ndata: ";
  return text + row_document(row) + "\n\n";
}

}  // namespace

FollowedLog::FollowedLog(Executor executor, AttemptStore& store, AttemptId attempt)
    : store_(store), attempt_(std::move(attempt)), news_(std::move(executor)) {}

LogPiece FollowedLog::next(std::int64_t from, bool look) {
  if (!look && from == end_ && end_rings_ == news_.rings()) return {nullptr, from};
  for (const auto& [begin, piece] : recent_) {
    if (begin == from) return piece;
  }
  if (!file_) {
    auto opened = store_.open(attempt_, AttemptFile::log);
    if (!opened || !opened->has_value()) return {nullptr, from};
    file_ = std::move((*opened)->file);
  }
  std::array<char, piece_bytes> bytes;  // NOLINT: filled by the read
  const auto count = ::pread(file_.get(), bytes.data(), bytes.size(), from);
  if (count == 0 && watch_ >= 0) {
    end_ = from;
    end_rings_ = news_.rings();
  }
  if (count <= 0) return {nullptr, from};
  const auto to = from + count;
  auto text = "id: " + std::to_string(to) +
              "\nevent: log\ndata: " + to_base64({bytes.data(), static_cast<std::size_t>(count)}) + "\n\n";
  LogPiece piece{std::make_shared<const std::string>(std::move(text)), to};
  recent_.emplace_front(from, piece);
  if (recent_.size() > recent_pieces) recent_.pop_back();
  return piece;
}

FollowedLogs::FollowedLogs(Executor executor, AttemptStore& store)
    : executor_(std::move(executor)), store_(store), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FollowedLogs::~FollowedLogs() {
  if (inotify_ >= 0) ::close(inotify_);
}

std::shared_ptr<FollowedLog> FollowedLogs::open(const AttemptId& attempt) {
  auto& known = logs_[attempt];
  if (auto log = known.lock()) return log;
  // The watch ends with the last follower.
  auto log = std::shared_ptr<FollowedLog>(new FollowedLog(executor_, store_, attempt), [this](FollowedLog* ended) {
    if (ended->watch_ >= 0) ::inotify_rm_watch(inotify_, ended->watch_);
    logs_.erase(ended->attempt_);
    delete ended;
  });
  known = log;
  return log;
}

Milliseconds FollowedLogs::patience(FollowedLog& log, Milliseconds long_wait) {
  if (log.watch_ < 0 && inotify_ >= 0 && log.file_) {
    // The file that is open, wherever it stands.
    const auto open_file = "/proc/self/fd/" + std::to_string(log.file_.get());
    log.watch_ = ::inotify_add_watch(inotify_, open_file.c_str(), IN_MODIFY | IN_CLOSE_WRITE);
    return std::min(long_wait, look_again);  // bytes may have come between the last look and the watch
  }
  return log.watch_ < 0 ? std::min(long_wait, look_again) : long_wait;
}

void FollowedLogs::tell_all() {
  for (auto& [attempt, known] : logs_) {
    if (auto log = known.lock()) log->news_.ring();
  }
}

void FollowedLogs::drain() {
  alignas(inotify_event) std::array<char, 16 * 1024> events;  // NOLINT: filled by the read
  for (;;) {
    const auto count = ::read(inotify_, events.data(), events.size());
    if (count <= 0) return;
    int last = -1;
    for (std::int64_t at = 0; at < count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
      at += static_cast<std::int64_t>(sizeof(inotify_event)) + event->len;
      if ((event->mask & IN_Q_OVERFLOW) != 0) tell_all();
      if (event->wd == last) continue;
      last = event->wd;
      for (auto& [attempt, known] : logs_) {
        auto log = known.lock();
        if (log && log->watch_ == event->wd) log->news_.ring();
      }
    }
  }
}

Task<void> FollowedLogs::watch(Stop& stop) {
  stop.throw_if_requested();
  if (inotify_ < 0) co_return;
  asio::posix::stream_descriptor descriptor(executor_, ::dup(inotify_));
  Stop::Listener listener(stop, [&descriptor] { descriptor.cancel(); });
  for (;;) {
    boost::system::error_code code;
    co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                   asio::redirect_error(asio::use_awaitable, code));
    stop.throw_if_requested();
    if (code) co_return;
    drain();
  }
}

FollowedJournal::FollowedJournal(Executor executor, Journal& journal)
    : journal_(journal), cursor_(journal.last()), news_(std::move(executor)) {}

Task<Result<std::vector<Row>>> FollowedJournal::take_up() {
  auto tail = co_await read_tail(journal_, cursor_, journal_batch);
  if (!tail) co_return tail.error();
  auto& rows = tail->rows;
  // What came while nobody followed is read again when somebody asks for it.
  if (followers_ == 0 && !rows.empty()) {
    recent_.clear();
    recent_bytes_ = 0;
  }
  for (const auto& row : rows) {
    if (followers_ == 0) break;
    auto text = std::make_shared<const std::string>(event_text(row));
    recent_bytes_ += text->size();
    recent_.push_back({row.sequence, run_of(row.event), std::move(text)});
  }
  cursor_ = tail->cursor;
  if (tail->damage) ++damaged_;
  if (rows.empty()) co_return rows;
  while (recent_bytes_ > recent_journal_bytes) {
    recent_bytes_ -= recent_.front().text->size();
    recent_.pop_front();
  }
  news_.ring();
  co_return rows;
}

Task<Result<FollowedJournal::Batch>> FollowedJournal::next(EventFeed feed) {
  Batch batch;
  batch.cursor = feed.after;
  if (feed.after >= cursor_ || (!recent_.empty() && feed.after + 1 >= recent_.front().sequence)) {
    auto at =
        std::partition_point(recent_.begin(), recent_.end(), [&](const Recent& r) { return r.sequence <= feed.after; });
    for (; at != recent_.end(); ++at) {
      if (!feed.run || at->run == *feed.run) batch.pieces.push_back(at->text);
      batch.cursor = at->sequence;
    }
    batch.caught_up = true;
    co_return batch;
  }
  const auto taken_up = cursor_;  // it goes on while the rows are read
  auto rows = co_await journal_.read(feed.after, journal_batch, feed.run);
  if (!rows) co_return rows.error();
  for (const auto& row : *rows) {
    if (row.sequence > taken_up) break;  // not taken up yet: its turn comes
    batch.pieces.push_back(std::make_shared<const std::string>(event_text(row)));
    batch.cursor = row.sequence;
  }
  batch.caught_up = rows->size() < journal_batch;
  if (batch.caught_up) batch.cursor = std::max(feed.after, taken_up);
  co_return batch;
}

}  // namespace quietgate
