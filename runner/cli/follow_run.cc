#include "runner/cli/follow_run.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "runner/base/json.h"
#include "runner/cli/run_exit_code.h"
#include "runner/cli/service_activity.h"
#include "runner/cli/service_json.h"
#include "runner/cli/service_runs.h"
#include "runner/cli/terminal/run_view.h"

namespace quietgate {

namespace {

constexpr auto frame_time = std::chrono::milliseconds(100);

// Rows that one thread reads and another shows.
struct RowQueue {
  std::mutex mutex;
  std::condition_variable bell;
  std::deque<Row> rows;
  std::string notice;  // about the connection
  std::optional<Result<Reply>> end;
};

// The thread's own client: the other one asks for the stages' activity meanwhile.
void read_rows(ApiClient& client, const std::string& run, RowQueue& queue) {
  auto end = client.follow(
      "/api/v1/runs/" + run + "/events",
      [&queue](const StreamEvent& event) {
        if (auto row = row_in(event.data)) {
          std::lock_guard lock(queue.mutex);
          queue.rows.push_back(std::move(*row));
          queue.bell.notify_one();
        }
        return true;
      },
      [&queue](const std::string& line) {
        std::lock_guard lock(queue.mutex);
        queue.notice = line;
      });
  std::lock_guard lock(queue.mutex);
  queue.end = std::move(end);
  queue.bell.notify_one();
}

void show_rows(RowQueue& queue, RunView& view) {
  std::unique_lock lock(queue.mutex);
  for (;;) {
    queue.bell.wait_for(lock, frame_time, [&] { return !queue.rows.empty() || queue.end; });
    const bool over = queue.end.has_value();
    auto rows = std::exchange(queue.rows, {});
    const auto notice = std::exchange(queue.notice, {});
    lock.unlock();
    if (!notice.empty()) view.say(notice);
    for (const auto& row : rows) view.on_row(row);
    if (over) return;
    view.tick();
    lock.lock();
  }
}

}  // namespace

ExitCode follow_run(ServiceAccess& service, const std::string& run) {
  const auto& call = service.call();
  ServiceActivity activity(service.client());
  RunView view(
      call.terminal, call.parts.out, wall_clock,
      [&activity](const RunId& id, const std::string& stage, int attempt) { return activity.of(id, stage, attempt); });
  RowQueue queue;
  const auto client = service.client().another();
  if (client == nullptr) return service.unreachable(infrastructure_error(service.client().name() + " can't be read"));
  std::thread reader([&client, &queue, &run] { read_rows(*client, run, queue); });
  show_rows(queue, view);
  reader.join();
  if (!*queue.end) return service.unreachable(queue.end->error());
  if ((*queue.end)->status != 200) return service.refused(**queue.end);
  view.finish({{}, {}, tests_of(service, view.record()), log_ends_of(service, view.record())});
  return exit_code_of(view.record());
}

ExitCode request_run(ServiceAccess& service, const std::string& path, const std::string& body, bool follow) {
  auto answer = service.post(path, body);
  if (!answer) return answer.code();
  const auto& call = service.call();
  auto json = parse_json(*answer);
  const auto run = json.is_object() ? json.value("id", std::string()) : std::string();
  if (follow && !call.common.json) return follow_run(service, run);
  call.parts.out(call.common.json ? *answer : run + " was requested; follow it: quietgate show " + run + " --follow\n");
  return exit_ok;
}

}  // namespace quietgate
