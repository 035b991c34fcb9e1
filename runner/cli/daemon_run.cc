#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "pipelines/language/compiler.h"
#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/git/git_head.h"
#include "runner/api/documents.h"
#include "runner/api/exchange.h"
#include "runner/cli/cli.h"
#include "runner/cli/daemon_let_go.h"
#include "runner/cli/here.h"
#include "runner/cli/questions_here.h"
#include "runner/cli/terminal/terminal_run.h"
#include "runner/ports/folded_run.h"
#include "runner/service/composition.h"
#include "runner/service/config.h"
#include "runner/service/daemon.h"
#include "stages/kinds.h"

namespace quietgate {

namespace {

constexpr Milliseconds draw_every{100};
constexpr std::size_t read_batch = 256;

int refuse(const Error& error, bool json) {
  if (json) std::printf("%s", error_answer(0, error.message, error.advice).body.c_str());
  std::fprintf(stderr, "quietgate: %s\n", error.message.c_str());
  if (!error.advice.empty()) std::fprintf(stderr, "           %s\n", error.advice.c_str());
  return error.kind == ErrorKind::user ? exit_usage : exit_failed;
}

std::string person() {
  const char* name = std::getenv("USER");
  return name == nullptr || *name == '\0' ? "uid " + std::to_string(::getuid()) : name;
}

// Here, a declared secret is the variable of its name in this process's environment.
std::map<std::string, std::string> secrets_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::map<std::string, std::string> secrets;
  auto compiled = compile_pipeline(text, file, {}, stage_kinds());
  if (!compiled.plan) return secrets;
  for (const auto& name : compiled.plan->secrets) {
    if (const char* value = std::getenv(name.c_str())) secrets[name] = value;
  }
  return secrets;
}

Repository repository_here(const GitHead& head, const std::string& name, const RunOptions& options) {
  Repository repository;
  repository.remote.repository = name;
  repository.remote.url = head.path;
  repository.protected_branches = {"**"};
  if (!options.pipeline.empty()) repository.pipeline = options.pipeline;
  repository.secrets = secrets_of(head.path + "/" + repository.pipeline);
  return repository;
}

// Follows one run's rows into the view until it is over; then stops the loop.
struct Follower {
  Composition& composition;
  RunView& view;
  RunId run;
  PosixClock clock;
  QuestionsHere questions;
  std::vector<RunId> earlier;  // that were unfinished when this one was asked for
  std::vector<RunId> back;     // that put back what this one released, and are unfinished
  std::int64_t cursor = 0;

  void read() {
    for (bool more = true; more;) {
      auto rows = composition.journal().read(cursor, read_batch, run);
      if (!rows) throw std::runtime_error(rows.error().message);
      for (const auto& row : *rows) {
        view.on_row(row);
        cursor = row.sequence;
      }
      more = rows->size() == read_batch;
    }
  }

  // Whoever was asked by an earlier run sees its question no more: it would wait for days, and this run for it.
  void give_up_asking(const RunId& id) {
    const auto folded = fold_run(composition.journal(), id);
    if (!folded || folded->state.asking == 0 || folded->state.cancel) return;
    const CancelRequested end{id, person(), "nobody can be asked for it any more"};
    (void)composition.journal().append({end}).ok();
  }

  // Whether the other run is over: says how it ended.
  bool told_end_of(const RunId& id, const std::string& what) {
    auto summary = composition.catalog().run(id);
    if (!summary || !summary->has_value()) return true;
    const auto& ended = **summary;
    if (ended.status != RunStatus::finished) return false;
    view.say(what + " " + to_string(id) + " ended as " + to_string(ended.outcome) +
             (ended.reason.empty() ? "" : ": " + ended.reason));
    return true;
  }

  // Earlier runs that had begun a release are finished first.
  bool earlier_are_over() {
    std::erase_if(earlier, [this](const RunId& id) {
      const bool over = told_end_of(id, "the earlier run");
      if (!over) give_up_asking(id);
      return over;
    });
    return earlier.empty();
  }

  // A watch that saw an alert after the release had a run of its own requested.
  bool is_put_back() {
    if (const auto unfinished = composition.catalog().unfinished_runs()) {
      for (const auto& each : *unfinished) {
        if (each.id.number < run.number || each.id == run) continue;
        if (std::find(back.begin(), back.end(), each.id) != back.end()) continue;
        view.say("run " + to_string(each.id) + " puts back what this one released");
        back.push_back(each.id);
      }
    }
    std::erase_if(back, [this](const RunId& id) { return told_end_of(id, "the rollback"); });
    return back.empty();
  }

  Task<void> follow(Stop& stop) {
    for (;;) {
      const auto seen = composition.journal().bell().rings();
      read();
      for (const auto& given : questions.look(view.record())) (void)composition.journal().append({given}).ok();
      view.hold(questions.asking());
      view.tick();
      if (earlier_are_over() && view.record().over() && is_put_back()) break;
      // Lines are printed as their rows come: few at a time are still in the journal's memory.
      if (!view.is_live() && !questions.asking()) co_await composition.journal().bell().wait(seen, stop);
      if (view.is_live() || questions.asking()) co_await clock.sleep(draw_every, stop);
    }
    composition.stop().request(StopReason::shutdown, "the run is over");
  }
};

Result<RunId> request_run(Composition& composition, const Repository& repository, const GitHead& head) {
  const auto& name = repository.remote.repository;
  std::vector<Event> events;
  auto number = composition.catalog().next_number(name);
  if (!number) return number.error();
  const RunId run{name, *number};
  events.push_back(RunRequested{run, head.branch, head.commit, "quietgate run by " + person()});
  // What an earlier `quietgate run` left unfinished (it was killed) is ended first; a release that it began is
  // finished.
  auto unfinished = composition.catalog().unfinished_runs();
  if (!unfinished) return unfinished.error();
  for (const auto& older : *unfinished)
    events.push_back(CancelRequested{older.id, person(), "superseded by " + to_string(run), run});
  auto appended = composition.journal().append(std::move(events));
  if (!appended) return appended.error();
  return run;
}

}  // namespace

int run_here(const RunOptions& options) {
  auto head = git_head(options.directory);
  if (!head) return refuse(head.error(), options.json);
  const auto root = options.data.empty() ? default_data_directory() : options.data;
  if (root.empty()) return refuse(user_error("no data directory is known", "name one with --data"), options.json);
  const auto [name, data] = here_of(head->path, root);
  const auto repository = repository_here(*head, name, options);

  auto terminal = terminal_of(STDOUT_FILENO, !options.colour);
  if (options.plain || options.json) terminal.live = false;
  bool unread = false;
  std::function<void(std::string_view)> out = [&](std::string_view text) {
    if (options.json) return;
    std::fwrite(text.data(), 1, text.size(), stdout);
    // Whoever read this has left, as at the end of a terminal: so nobody wants the run any more.
    if (std::fflush(stdout) != 0 && (errno == EPIPE || errno == EIO) && !std::exchange(unread, true)) ::raise(SIGHUP);
  };
  std::optional<RunView> view;
  auto say = [&view](const std::string& line) {
    if (view) view->say(line);
  };
  std::vector<ServerConfig> servers;
  if (!options.config.empty()) {
    auto config = load_config(options.config);
    if (!config) return refuse(config.error(), options.json);
    servers = std::move(config->servers);
  }
  CompositionOptions parts{data, Limits{}, options.promote, {repository}, say};
  parts.servers = std::move(servers);
  parts.release = options.promote || options.release;
  auto made = Composition::make(std::move(parts));
  if (!made) return refuse(made.error(), options.json);
  auto& composition = **made;
  if (options.let_go) {
    auto gone = let_go_of_what_is_kept(composition, person(), options.json);
    if (!gone) return refuse(gone.error(), options.json);
    return *gone ? exit_ok : exit_failed;
  }
  PosixClock clock(composition.executor());
  auto glimpse = [data = data, &composition](const RunId& run, const std::string& stage, int attempt) {
    if (attempt == 0) {
      Glimpse waits;
      if (!composition.queue().waits(run)) return waits;
      for (const auto& each : composition.queue().waiting()) {
        if (each.run == run && each.stage == stage) waits.line = each.reason;
      }
      return waits;
    }
    return glimpse_of_directory(data + "/runs/" + run.repository + "/" + std::to_string(run.number) + "/" + stage +
                                "." + std::to_string(attempt));
  };
  view.emplace(
      terminal, out, [&clock] { return clock.now(); }, glimpse);
  if (head->modified)
    view->say("the working tree has changes that are not committed: this run is of commit " +
              head->commit.substr(0, 7));
  auto run = request_run(composition, repository, *head);
  if (!run) return refuse(run.error(), options.json);

  view->asks_here();
  const QuestionsHere::Person who{person(), !options.json && ::isatty(STDIN_FILENO) == 1, STDIN_FILENO};
  Follower follower{composition, *view, *run, PosixClock(composition.executor()), {who, out}, {}};
  if (auto unfinished = composition.catalog().unfinished_runs()) {
    for (const auto& each : *unfinished) {
      if (each.id != *run) follower.earlier.push_back(each.id);
    }
  }
  composition.add_engine();
  composition.add("the view", [&follower](Stop& stop) { return follower.follow(stop); });
  int signals = 0;
  auto ended = composition.run([&](int signal) {
    const std::string cause = signal == SIGTERM  ? "ended by SIGTERM"
                              : signal == SIGHUP ? "the terminal was closed"
                                                 : "interrupted by Ctrl-C";
    if (++signals > 2) std::_Exit(exit_cancelled);
    if (signals > 1) {
      view->say("stopping now: the next `quietgate run` here destroys what is left of this run's environments");
      composition.stop().request(StopReason::shutdown, "interrupted twice");
      return;
    }
    auto under_way = follower.back;
    if (under_way.empty()) under_way.push_back(*run);
    std::vector<Event> ends;
    for (const auto& each : under_way) ends.emplace_back(CancelRequested{each, person(), cause});
    auto asked = composition.journal().append(std::move(ends));
    if (asked) return;
    view->say(asked.error().message + (asked.error().advice.empty() ? "" : " (" + asked.error().advice + ")") +
              "; then press Ctrl-C again");
    signals = 0;
  });
  view->finish(
      tests_of_directory(view->record(), data + "/runs/" + run->repository + "/" + std::to_string(run->number)));
  if (options.json) std::printf("%s", run_document(view->record(), {}, {}).c_str());
  if (!ended) return refuse(ended.error(), false);  // the document is out
  if (!view->record().over()) return exit_cancelled;
  return exit_code_of(view->record());
}

}  // namespace quietgate
