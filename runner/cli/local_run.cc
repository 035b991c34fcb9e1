#include "runner/cli/local_run.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "pipelines/language/compiler.h"
#include "runner/adapters/clock/posix_clock.h"
#include "runner/adapters/git/git_head.h"
#include "runner/adapters/workspace/attempt_folders.h"
#include "runner/api/documents.h"
#include "runner/api/exchange.h"
#include "runner/cli/clone_data.h"
#include "runner/cli/kept_environments.h"
#include "runner/cli/local_run_follower.h"
#include "runner/cli/run_exit_code.h"
#include "runner/cli/terminal/log_end.h"
#include "runner/cli/terminal/test_report.h"
#include "runner/ports/data_layout.h"
#include "runner/service/composition.h"
#include "runner/service/config.h"
#include "stages/kinds.h"

namespace quietgate {

namespace {

int fail_run(const Error& error, bool json) {
  if (json) std::printf("%s", error_answer(0, error.message, error.advice).body.c_str());
  std::fprintf(stderr, "quietgate: %s\n", error.message.c_str());
  if (!error.advice.empty()) std::fprintf(stderr, "           %s\n", error.advice.c_str());
  return error.kind == ErrorKind::user ? exit_usage : exit_failed;
}

std::string person_here() {
  const char* name = std::getenv("USER");
  return name == nullptr || *name == '\0' ? "uid " + std::to_string(::getuid()) : name;
}

// Without a service, a declared secret is the variable of its name in this process's environment.
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

Repository local_repository(const GitHead& head, const std::string& name, const LocalRunOptions& options) {
  Repository repository;
  repository.remote.repository = name;
  repository.remote.url = head.path;
  repository.protected_branches = {"**"};
  if (!options.pipeline.empty()) repository.pipeline = options.pipeline;
  repository.secrets = secrets_of(head.path + "/" + repository.pipeline);
  return repository;
}

Result<CompositionOptions> parts_of(const LocalRunOptions& options, const std::string& data, Repository repository,
                                    std::function<void(const std::string&)> say) {
  CompositionOptions parts{data, Limits{}, options.promote, {std::move(repository)}, std::move(say)};
  parts.release = options.promote || options.release;
  if (options.config.empty()) return parts;
  auto config = load_config(options.config);
  if (!config) return config.error();
  parts.isolation = config->isolation;
  parts.hidden = secret_files(*config, options.config);
  parts.servers = std::move(config->servers);
  return parts;
}

// Cancels what an earlier `quietgate run` left unfinished when it was killed; a release that it began is finished.
Result<RunId> append_request(Composition& composition, const std::string& name, const GitHead& head) {
  auto number = composition.journal().next_number(name);
  if (!number) return number.error();
  const RunId run{name, *number};
  const auto person = person_here();
  std::vector<Event> events;
  events.push_back(RunRequested{run, head.branch, head.commit, "quietgate run by " + person});
  auto unfinished = composition.catalog().unfinished_runs_now();
  if (!unfinished) return unfinished.error();
  for (const auto& older : *unfinished)
    events.push_back(CancelRequested{older.id, person, "superseded by " + to_string(run), run});
  auto appended = composition.journal().append_now(std::move(events));
  if (!appended) return appended.error();
  return run;
}

StageActivity local_activity(Composition& composition, const std::string& data, const RunId& run,
                             const std::string& stage, int attempt) {
  if (attempt > 0)
    return activity_of_directory(composition.signals().progress, DataLayout(data).attempt({run, stage, attempt}));
  StageActivity activity;
  if (!composition.queue().waits(run)) return activity;
  for (const auto& each : composition.queue().waiting()) {
    if (each.run == run && each.stage == stage) activity.line = each.reason;
  }
  return activity;
}

// The first signal cancels the run, the second one ends the process in order, the third one at once.
class Interrupts {
 public:
  Interrupts(Composition& composition, RunView& view, const LocalRunFollower& follower)
      : composition_(composition), view_(view), follower_(follower) {}

  void on_signal(int signal) {
    if (++count_ > 2) std::_Exit(exit_cancelled);
    if (count_ > 1) {
      view_.say("stopping now: the next `quietgate run` here destroys the rest of this run's environments");
      composition_.stop().request(StopReason::shutdown, "interrupted twice");
      return;
    }
    const std::string cause = signal == SIGTERM  ? "ended by SIGTERM"
                              : signal == SIGHUP ? "the terminal was closed"
                                                 : "interrupted by Ctrl-C";
    std::vector<Event> ends;
    for (const auto& each : follower_.to_be_cancelled()) ends.emplace_back(CancelRequested{each, person_here(), cause});
    auto asked = composition_.journal().append_now(std::move(ends));
    if (asked) return;
    const auto& error = asked.error();
    view_.say(error.message + (error.advice.empty() ? "" : " (" + error.advice + ")") + "; then press Ctrl-C again");
    count_ = 0;
  }

 private:
  Composition& composition_;
  RunView& view_;
  const LocalRunFollower& follower_;
  int count_ = 0;
};

// Standard output. With --json nothing but the document is written to it.
std::function<void(std::string_view)> output_of(bool json) {
  const auto reader_left = std::make_shared<bool>(false);
  return [json, reader_left](std::string_view text) {
    if (json) return;
    std::fwrite(text.data(), 1, text.size(), stdout);
    // Nobody wants the run any more when its reader has left, be it a program or a terminal.
    const bool failed = std::fflush(stdout) != 0 && (errno == EPIPE || errno == EIO);
    if (failed && !std::exchange(*reader_left, true)) ::raise(SIGHUP);
  };
}

// Requests the run, shows it until it is over, and prints its report.
int run_and_show(Composition& composition, const LocalRunOptions& options, const GitHead& head, const CloneData& place,
                 std::optional<RunView>& shown) {
  auto terminal = terminal_of(STDOUT_FILENO, !options.colour);
  if (options.plain || options.json) terminal.live = false;
  const auto out = output_of(options.json);
  auto& view = shown.emplace(
      terminal, out, [clock = PosixClock(composition.executor())] { return clock.now(); },
      [&composition, data = place.directory](const RunId& run, const std::string& stage, int attempt) {
        return local_activity(composition, data, run, stage, attempt);
      });
  if (head.modified)
    view.say("the working tree has uncommitted changes: this run uses commit " + head.commit.substr(0, 7));
  auto run = append_request(composition, place.repository, head);
  if (!run) return fail_run(run.error(), options.json);
  view.asks_here();
  const ApprovalPrompt::Person who{person_here(), !options.json && ::isatty(STDIN_FILENO) == 1, STDIN_FILENO};
  LocalRunFollower follower(composition, view, *run, {who, out}, person_here());
  Interrupts interrupts(composition, view, follower);
  composition.add_engine();
  composition.add("the view", [&follower](Stop& stop) { return follower.follow(stop); });
  auto ended = composition.run([&interrupts](int signal) { interrupts.on_signal(signal); });
  const auto& record = view.record();
  AttemptFolders attempts(place.directory);
  view.finish({{}, {}, tests_in(attempts, record), log_ends_in(attempts, record)});
  if (options.json) std::printf("%s", run_document(record, {}, {}).c_str());
  if (!ended) return fail_run(ended.error(), false);  // the document is out
  return record.over() ? exit_code_of(record) : exit_cancelled;
}

int destroy_kept(Composition& composition, bool json) {
  auto gone = destroy_kept_environments(composition, person_here(), json);
  if (!gone) return fail_run(gone.error(), json);
  return *gone ? exit_ok : exit_failed;
}

}  // namespace

int run_locally(const LocalRunOptions& options) {
  auto clone = repository_around(options.directory);
  if (!clone) return fail_run(clone.error(), options.json);
  const auto root = options.data.empty() ? default_data_directory() : options.data;
  if (root.empty()) return fail_run(user_error("no data directory is known", "name one with --data"), options.json);
  GitHead head;
  head.path = *clone;
  if (!options.destroy_kept) {
    auto found = git_head(options.directory);
    if (!found) return fail_run(found.error(), options.json);
    head = std::move(*found);
  }
  const auto place = clone_data_of(head.path, root);
  std::optional<RunView> shown;
  auto parts = parts_of(options, place.directory, local_repository(head, place.repository, options),
                        [&shown](const std::string& line) {
                          if (shown) shown->say(line);
                        });
  if (!parts) return fail_run(parts.error(), options.json);
  auto composition = Composition::make(std::move(*parts));
  if (!composition) return fail_run(composition.error(), options.json);
  if (options.destroy_kept) return destroy_kept(**composition, options.json);
  return run_and_show(**composition, options, head, place, shown);
}

}  // namespace quietgate
