// What a stage needs to run in a test: a temporary folder with a checkout, a log that keeps its lines, a journal in
// memory, and a loop that runs one coroutine to its end.
#pragma once

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "runner/adapters/workspace/progress_files.h"
#include "runner/ports/data_layout.h"
#include "runner/ports/inline_journal.h"
#include "runner/ports/stage.h"
#include "tests/support/fake_clock.h"

namespace quietgate {

class LinesLog : public StageLog {
 public:
  void line(std::string_view text) override { lines.emplace_back(text); }
  std::string all() const {
    std::string text;
    for (const auto& one : lines) text += one + "\n";
    return text;
  }
  std::vector<std::string> lines;
};

class MemoryJournal : public InlineJournal {
 public:
  explicit MemoryJournal(Executor executor) : bell_(std::move(executor)) {}
  Result<std::int64_t> next_number(const std::string&) override { return 1; }
  Result<std::int64_t> append_now(std::vector<Event> events) override {
    if (!refuse.empty()) return infrastructure_error(refuse);
    const auto at = clock == nullptr ? Time{} : clock->now();
    for (auto& event : events) rows.push_back({last() + 1, at, std::move(event)});
    bell_.ring();
    return last();
  }
  Result<std::vector<Row>> read_now(std::int64_t after, std::size_t limit, std::optional<RunId>) override {
    std::vector<Row> some;
    for (auto at = static_cast<std::size_t>(after); at < rows.size() && some.size() < limit; ++at) {
      some.push_back(rows[at]);
    }
    return some;
  }
  std::int64_t last() const override { return static_cast<std::int64_t>(rows.size()); }
  Bell& bell() override { return bell_; }
  std::vector<Row> rows;
  std::string refuse;            // dial: why the next append fails
  const Clock* clock = nullptr;  // of the rows; none: they have no time

 private:
  Bell bell_;
};

class StageBench {
 public:
  StageBench() {
    std::string pattern = (std::filesystem::temp_directory_path() / "quietgate-stage-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    for (const char* folder : {"attempt/steps", "checkout", "environments"}) {
      std::filesystem::create_directories(root + "/" + folder);
    }
    journal.clock = &clock;
  }
  ~StageBench() {
    // What was told to end must have ended before the clock is gone.
    loop.restart();
    loop.poll();
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }
  StageBench(const StageBench&) = delete;
  StageBench& operator=(const StageBench&) = delete;

  StageRequest request(StageBody body, std::string stage = "stage") {
    StageRequest request;
    request.run = {"sample", 7};
    request.commit = std::string(40, 'a');
    request.spec.name = std::move(stage);
    request.spec.body = std::move(body);
    request.directory = root + "/attempt";
    request.checkout = root + "/checkout";
    request.environments = root + "/environments";
    request.environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", root}};
    request.log = &log;
    request.stop = &stop;
    request.runner = &runner;
    request.journal = &journal;
    request.progress = &progress;
    request.run_state = &state;
    fold_history(request);
    place(request);
    return request;
  }
  DataLayout layout() const { return DataLayout(root); }
  // The attempt's folder stands where its steps are kept too.
  void place(const StageRequest& request) const {
    const std::filesystem::path path = layout().attempt(request.id());
    std::filesystem::create_directories(path.parent_path());
    std::error_code there_already;
    std::filesystem::create_directory_symlink(request.directory, path, there_already);
  }
  // Of the attempt that is requested.
  static StepName step(const std::string& word, const std::string& stage = "stage") {
    return {AttemptOwner{{{"sample", 7}, stage, 1}}, word};
  }
  void write(const std::string& path, const std::string& content) {
    auto whole = std::filesystem::path(root) / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole, std::ios::binary) << content;
  }
  std::string read(const std::string& path) const {
    std::ifstream file(std::filesystem::path(root) / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Runs the loop until the task ended; rethrows what it threw. When nothing else can be done, the bench's clock moves
  // (not when `real`: then the world does).
  template <class T>
  T await(Task<T> task) {
    std::optional<T> answer;
    std::exception_ptr thrown;
    bool done = false;
    spawn(loop.get_executor(), keep(std::move(task), answer), [&](std::exception_ptr problem) {
      thrown = problem;
      done = true;
    });
    loop.restart();
    for (int idle = 0; !done && idle < 100'000;) {
      if (real ? loop.run_one() > 0 : loop.poll_one() > 0) continue;
      clock.advance(Milliseconds{10});
      ++idle;
    }
    if (thrown) std::rethrow_exception(thrown);
    return std::move(answer).value();
  }

  std::string root;
  boost::asio::io_context loop{1};
  FakeClock clock{loop.get_executor()};
  bool real = false;
  LinesLog log;
  Stop runner;
  Stop stop;
  MemoryJournal journal{loop.get_executor()};
  ProgressFiles progress;
  std::vector<Row> history;  // what happened before the next request()
  RunState state;            // as of the last request()

 private:
  // A history without a plan is of one that has the requested stage, and those that it tells of.
  void fold_history(const StageRequest& request) {
    state = RunState();
    state.id = request.run;
    state.commit = request.commit;
    const bool compiled = std::any_of(history.begin(), history.end(),
                                      [](const Row& row) { return std::holds_alternative<PlanCompiled>(row.event); });
    if (!compiled) fold(state, PlanCompiled{request.run, plan_of(request.spec)}, Time{});
    for (const auto& row : history) fold(state, row);
  }
  Plan plan_of(const StageSpec& requested) const {
    Plan plan;
    plan.stages = {requested};
    for (const auto& row : history) {
      const auto* planned = std::get_if<EnvironmentPlanned>(&row.event);
      if (planned == nullptr || plan.find(planned->stage) != nullptr) continue;
      StageSpec maker;
      maker.name = planned->stage;
      plan.stages.push_back(std::move(maker));
    }
    return plan;
  }

  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& answer) {
    answer.emplace(co_await std::move(task));
  }
};

}  // namespace quietgate
