#include "runner/cli/local_client.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>
#include <variant>

#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/journal_sqlite/journal_sqlite.h"
#include "runner/adapters/workspace/attempt_folders.h"
#include "runner/api/api.h"
#include "runner/base/base64.h"

namespace quietgate {

namespace {

constexpr auto news_every = std::chrono::milliseconds(200);
constexpr std::size_t piece_bytes = 32 * 1024;
constexpr std::size_t rows_at_once = 100;
constexpr std::size_t longest_body = 64UL << 20;

// The bytes of a file from `from` on, at most `most`; the offset moves behind them.
std::string piece_of(const Descriptor& file, std::int64_t& from, std::int64_t most) {
  std::string piece(static_cast<std::size_t>(std::clamp<std::int64_t>(most, 0, piece_bytes)), '\0');
  if (!file || piece.empty()) return {};
  const auto count = ::pread(file.get(), piece.data(), piece.size(), from);
  piece.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  from += static_cast<std::int64_t>(piece.size());
  return piece;
}

// The body of a file that the API answers with; `take` false: enough.
Reply give_file(FileAnswer file, const std::function<bool(std::string_view)>& take) {
  while (file.from < file.size) {
    const auto piece = piece_of(file.file, file.from, file.size - file.from);
    if (piece.empty() || !take(piece)) break;
  }
  return {200, {}};
}

template <class Value>
Task<void> keep(Task<Value> task, std::optional<Value>* answer) {
  *answer = co_await std::move(task);
}

}  // namespace

struct LocalClient::Parts {
  explicit Parts(std::string of) : directory(std::move(of)), attempts(directory) {}
  Result<void> open_journal(const std::string& file) {
    auto opened = JournalSqlite::open_to_read(file, clock, loop.get_executor());
    if (!opened) return opened.error();
    journal = std::move(*opened);
    api.emplace(*journal, journal->catalog(), attempts, ApiOptions{});
    return {};
  }

  ApiResponse answer(const std::string& path, const std::string& accept) {
    ApiRequest request;
    request.target = path;
    request.host = "localhost";
    request.local = true;
    request.accept = accept;
    return done(api->handle(std::move(request)));
  }
  // Runs the loop until the task has its answer.
  template <class Value>
  Value done(Task<Value> task) {
    std::optional<Value> answer;
    std::exception_ptr problem;
    boost::asio::co_spawn(loop, keep(std::move(task), &answer), [&](std::exception_ptr failed) { problem = failed; });
    loop.restart();
    loop.run();
    if (problem) std::rethrow_exception(problem);
    return std::move(*answer);
  }
  Reply follow_rows(EventFeed feed, const std::function<bool(const StreamEvent&)>& take);
  Reply follow_log(LogFeed feed, const std::function<bool(const StreamEvent&)>& take);

  boost::asio::io_context loop;
  const std::string directory;
  PosixClock clock{loop.get_executor()};
  AttemptFolders attempts;
  std::unique_ptr<JournalSqlite> journal;
  std::optional<Api> api;
};

Reply LocalClient::Parts::follow_rows(EventFeed feed, const std::function<bool(const StreamEvent&)>& take) {
  for (;;) {
    const bool over = feed.run && done(api->over(*feed.run));  // known before this look at the rows: nothing follows it
    auto tail = done(read_tail(*journal, feed.after, rows_at_once));
    if (!tail) {
      auto failed = error_answer(500, tail.error().message, tail.error().advice);
      return {failed.status, failed.body};
    }
    feed.after = tail->cursor;
    for (const auto& row : tail->rows) {
      const bool wanted = !feed.run || run_of(row.event) == *feed.run;
      if (wanted && !take({std::to_string(row.sequence), "row", row_document(row)})) return {200, {}};
    }
    if (!tail->rows.empty()) continue;
    if (over) return {200, {}};
    std::this_thread::sleep_for(news_every);
  }
}

Reply LocalClient::Parts::follow_log(LogFeed feed, const std::function<bool(const StreamEvent&)>& take) {
  Descriptor log;
  for (;;) {
    const bool over = done(api->over(feed));
    if (!log) {
      auto opened = attempts.open(feed.attempt, AttemptFile::log);
      if (opened && opened->has_value()) log = std::move((*opened)->file);
    }
    const auto piece = piece_of(log, feed.from, piece_bytes);
    if (!piece.empty()) {
      if (!take({std::to_string(feed.from), "log", to_base64(piece)})) return {200, {}};
      continue;
    }
    if (over) return {200, {}};
    std::this_thread::sleep_for(news_every);
  }
}

LocalClient::LocalClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
LocalClient::~LocalClient() = default;

Result<std::unique_ptr<LocalClient>> LocalClient::open(const std::string& directory) {
  const auto file = directory + "/journal.sqlite";
  std::error_code unknown;
  if (!std::filesystem::exists(file, unknown))
    return user_error("`quietgate run` has kept no runs of this clone yet", "make one: quietgate run");
  auto parts = std::make_unique<Parts>(directory);
  if (auto opened = parts->open_journal(file); !opened) return opened.error();
  return std::unique_ptr<LocalClient>(new LocalClient(std::move(parts)));
}

Result<Reply> LocalClient::get(const std::string& path) {
  std::string body;
  auto reply = download(path, [&body](std::string_view bytes) {
    body += bytes;
    return body.size() <= longest_body;
  });
  if (reply && reply->status == 200) reply->body = std::move(body);
  return reply;
}

Result<Reply> LocalClient::post(const std::string&, const std::string&) {
  auto refused = error_answer(409, "this is a run of `quietgate run`: no service acts on it",
                              "cancel it by Ctrl-C in its terminal; start it again by `quietgate run`");
  return Reply{refused.status, std::move(refused.body)};
}

Result<Reply> LocalClient::download(const std::string& path, const std::function<bool(std::string_view)>& take) {
  auto response = parts_->answer(path, "application/json");
  if (auto* file = std::get_if<FileAnswer>(&response)) return give_file(std::move(*file), take);
  auto* answer = std::get_if<Answer>(&response);
  if (answer == nullptr) return Reply{406, {}};
  if (answer->status != 200) return Reply{answer->status, std::move(answer->body)};
  take(answer->body);
  return Reply{200, {}};
}

Result<Reply> LocalClient::follow(const std::string& path, const std::function<bool(const StreamEvent&)>& take,
                                  const std::function<void(const std::string&)>&) {
  auto response = parts_->answer(path, "text/event-stream");
  if (auto* feed = std::get_if<EventFeed>(&response)) return parts_->follow_rows(*feed, take);
  if (auto* feed = std::get_if<LogFeed>(&response)) return parts_->follow_log(*feed, take);
  auto* answer = std::get_if<Answer>(&response);
  return answer == nullptr ? Reply{406, {}} : Reply{answer->status, std::move(answer->body)};
}

std::string LocalClient::name() const {
  return "what `quietgate run` kept of this clone";
}

std::unique_ptr<ApiClient> LocalClient::another() const {
  auto same = open(parts_->directory);
  return same ? std::move(*same) : nullptr;
}

}  // namespace quietgate
