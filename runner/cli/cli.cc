#include "runner/cli/cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "runner/api/exchange.h"
#include "runner/cli/cli_shell.h"
#include "stages/load/locust.h"

namespace quietgate {

namespace {

const char* const footer =
    "\nExit codes:\n"
    "  0    done; the run passed\n"
    "  1    the run or stage failed, or something needed is missing\n"
    "  2    wrong arguments, or an invalid pipeline or configuration\n"
    "  3    the service can't be reached\n"
    "  4    not found, not allowed, or not possible in the state that it is in\n"
    "  5    inconclusive: data was lacking, or the gate was blind\n"
    "  130  cancelled\n"
    "\nA run is named `hello/12`; `hello` is its newest run, and no name the newest of all.\n"
    "Try it: cd into a repository with a .quietgate.yaml, and `quietgate run`.\n";

constexpr const char* default_server = "http://127.0.0.1:8330";

// Everything that the arguments can set; a verb reads what is its own.
struct Arguments {
  CliCommon common;
  ServeOptions serve;
  RunOptions run;
  RunsQuery runs;
  LogsQuery logs;
  ArtifactsQuery artifacts;
  BacktestQuery backtest;
  VerifyQuery verify;
  std::string name;  // of a run
  std::string stage;
  std::string reason;
  std::string file;
  std::string environment;
  std::string branch;
  std::string commit;
  std::string shell;
  std::vector<std::string> words;  // to be completed
  bool follow = false;
  bool chart = false;
  bool refuse = false;
  bool override_gate = false;
  bool plain = false;
  bool repair = false;
  bool without_warnings = false;
};

CLI::App* verb(CLI::App& app, const char* name, const char* help, const char* group) {
  auto* made = app.add_subcommand(name, help);
  made->group(group);
  made->fallthrough();
  return made;
}

void add_local_verbs(CLI::App& app, Arguments& a) {
  const char* here = "Here, without a service";
  auto* run = verb(app, "run", "Run a repository's checked-out commit here and now", here);
  run->add_option("DIRECTORY", a.run.directory, "A folder of the repository (default: this one)");
  run->add_option("--pipeline", a.run.pipeline, "Pipeline file, relative to the repository (default: .quietgate.yaml)");
  run->add_flag("--promote", a.run.promote,
                "Move the production branch of this repository (default: nothing is moved)");
  run->add_flag("--release", a.run.release,
                "Also apply environments with `keep: true`, for good (default: left alone; --promote does it too)");
  run->add_flag("--let-go", a.run.let_go, "Run nothing: destroy what earlier runs of this clone kept");
  run->add_option("--config", a.run.config, "A service's configuration, of which `servers` is used")
      ->envname("QUIETGATE_CONFIG");
  run->add_flag("--plain", a.plain, "Lines instead of a tree that updates in place");
  auto* validate = verb(app, "validate", "Check a pipeline file; says every problem at its place", here);
  validate->add_option("FILE", a.file, "Pipeline file (default: .quietgate.yaml)");
  validate->add_flag("--no-warnings", a.without_warnings, "Don't say what is right and may not be meant");
  auto* plan = verb(app, "plan", "Show what a pipeline file compiles to", here);
  plan->add_option("FILE", a.file, "Pipeline file (default: .quietgate.yaml)");
  verb(app, "doctor", "Which tools are here, what each missing one would give; is the journal whole?", here)
      ->add_flag("--repair", a.repair, "Mend the journal; no row that holds is dropped, the damaged file is kept");
  verb(app, "backup", "Copy the journal to a file, also beside a running service", here)
      ->add_option("FILE", a.file, "The copy; it must not exist yet")
      ->required();
  auto* serve = verb(app, "serve", "Watch repositories and run their pipelines", "The service");
  serve->add_option("--config", a.serve.config, "The service's configuration (YAML)")->envname("QUIETGATE_CONFIG");
  serve->add_option("--listen", a.serve.listen, "Address to listen on (default: 127.0.0.1)");
  serve->add_option("--port", a.serve.port, "Port to listen on (default: 8330)");
}

void add_alerts_verb(CLI::App& app, Arguments& a) {
  auto& query = a.backtest;
  auto* alerts = verb(app, "alerts", "Look at alert rules: `alerts backtest`", "Here, without a service");
  alerts->require_subcommand(1);
  auto* test = verb(*alerts, "backtest", "When rules that are not loaded yet would have fired", "Verbs");
  test->add_option("RULES", query.rules, "Rule files, or folders of them")->required();
  test->add_option("--prometheus", query.prometheus, "The server with the history, as http://HOST:9090")
      ->envname("QUIETGATE_PROMETHEUS")
      ->required();
  test->add_option("--config", query.config, "A service's configuration, of which `servers` is used")
      ->envname("QUIETGATE_CONFIG");
  test->add_option("--from", query.from, "Begin: 7d, `2h ago`, yesterday, 2026-02-03T04:05:06Z (default: 7d)");
  test->add_option("--to", query.to, "End, likewise (default: now)");
  test->add_option("--at-most", query.at_most, "Exit code 1 when there would have been more pages")
      ->check(CLI::Range(0, 1'000'000));
  test->add_option("--time-zone", query.time_zone, "Of nights and times, as Europe/Berlin (default: this machine's)");
  test->add_option("--interval", query.interval, "Of groups without one (default: 1m)");
  test->add_option("--deadline", query.deadline, "Of each answer of the server (default: 1m)");
}

void add_listener_verb(CLI::App& app) {
  verb(app, "listener", "Print what Locust workers of elsewhere load beside their locustfile",
       "Here, without a service");
}

void add_verify_verb(CLI::App& app, Arguments& a) {
  auto* verify =
      verb(app, "verify", "Check a commit's evidence, offline, and say what it proves", "Here, without a service");
  verify->add_option("COMMIT", a.verify.commit, "Whatever names a commit in the clone; with --evidence, its full id")
      ->required();
  verify->add_option("--repository", a.verify.repository, "A clone that has refs/notes/quietgate (default: here)");
  verify->add_option("--evidence", a.verify.evidence, "A file of envelopes instead of the note; `-`: standard input");
  verify->add_option("--key", a.verify.keys,
                     "Public keys of the quietgate that promoted, PEM (default: those of the data directory)");
}

void add_reading_verbs(CLI::App& app, Arguments& a) {
  const char* look = "Look";
  auto* runs = verb(app, "runs", "List runs, newest first", look);
  runs->add_option("REPOSITORY", a.runs.repository, "Only of this repository");
  runs->add_option("-n,--limit", a.runs.limit, "At most so many")->check(CLI::Range(1, 500));
  verb(app, "queue", "List what waits, and for what: locks, places, runs before it", look);
  auto* show = verb(app, "show", "Show one run: stages, checks, proofs, decisions", look);
  show->add_option("RUN", a.name, "hello/12, or hello for its newest");
  show->add_flag("-f,--follow", a.follow, "Until it ends; the exit code is the run's");
  show->add_flag("--chart", a.chart, "Draw its loads: users, rate, response times, replicas");
  auto* logs = verb(app, "logs", "Print a stage's log", look);
  logs->add_option("RUN", a.logs.run, "hello/12, or hello for its newest");
  logs->add_option("STAGE", a.logs.stage, "Default: the one that failed, else the one that runs");
  logs->add_option("--attempt", a.logs.attempt, "Number of the attempt (default: the last)")
      ->check(CLI::Range(1, 1000));
  logs->add_flag("-f,--follow", a.logs.follow, "Until the stage ends");
  auto* artifacts = verb(app, "artifacts", "List what a stage kept; fetch it, held against its digests", look);
  artifacts->add_option("RUN", a.artifacts.run, "hello/12, or hello for its newest")->required();
  artifacts->add_option("STAGE", a.artifacts.stage, "Name of the stage")->required();
  artifacts->add_option("PATH", a.artifacts.paths, "Fetch these (default: list them all)");
  artifacts->add_flag("--all", a.artifacts.all, "Fetch all of them");
  artifacts->add_option("--output", a.artifacts.output, "Folder to fetch into (default: this one)");
  artifacts->add_option("--attempt", a.artifacts.attempt, "Number of the attempt (default: the last)")
      ->check(CLI::Range(1, 1000));
  verb(app, "evidence", "Print the signed evidence of a run's promotions, an envelope a line", look)
      ->add_option("RUN", a.name, "hello/12, or hello for its newest");
  auto* environments =
      verb(app, "environments", "List environments that exist, also those that can't be destroyed", look);
  environments->add_option("--destroy", a.environment, "Have this one destroyed, even if it is kept");
}

void add_deciding_verbs(CLI::App& app, Arguments& a) {
  const char* decide = "Decide";
  auto with_run = [&](const char* name, const char* help) {
    auto* made = verb(app, name, help, decide);
    made->add_option("RUN", a.name, "hello/12, or hello for its newest")->required();
    return made;
  };
  auto* start = verb(app, "start", "Run a branch's newest commit now, without a push", decide);
  start->add_option("REPOSITORY", a.name, "Name of a watched repository")->required();
  start->add_option("--branch", a.branch, "The branch (default: the only one)");
  start->add_option("--commit", a.commit, "A commit of an earlier run, or a branch's newest; at least 7 digits");
  start->add_flag("-f,--follow", a.follow, "Until it ends; the exit code is the run's");
  with_run("cancel", "Stop a run; its environments are destroyed")->add_option("--reason", a.reason, "Kept on record");
  with_run("retry", "Run the commit of an ended run again")->add_flag("-f,--follow", a.follow, "Until it ends");
  auto* approve = with_run("approve", "Let a stage go on that waits for a person");
  approve->add_option("STAGE", a.stage, "Name of the stage")->required();
  approve->add_flag("--refuse", a.refuse, "Say no instead");
  approve->add_option("--reason", a.reason, "Kept on record");
  auto* promote = with_run("promote", "Promote the commit of an ended run by hand");
  promote->add_option("--reason", a.reason, "Kept with the evidence")->required();
  promote->add_flag("--override", a.override_gate, "Although the gate was loud or blind; the evidence tells");
  promote->add_flag("-f,--follow", a.follow, "Until it ends");
  auto* rollback = with_run("rollback", "Put back what a run promoted: the branch, and what was deployed of it");
  rollback->add_option("--reason", a.reason, "Kept with the evidence")->required();
  rollback->add_flag("-f,--follow", a.follow, "Until it ends");
}

void add_shell_verbs(CLI::App& app, Arguments& a) {
  const char* shell = "For the shell";
  verb(app, "completion", "Print the completion script of a shell", shell)
      ->add_option("SHELL", a.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb(app, "manual", "Print the manual page; read it with `quietgate manual | man -l -`", shell);
  verb(app, "complete", "What the scripts of `completion` ask", "")->add_option("WORDS", a.words);
}

void add_common(CLI::App& app, Arguments& a) {
  a.common.server = default_server;
  app.add_flag("--json", a.common.json, "Answer in JSON");
  app.add_flag("--no-color,--no-colour", a.common.no_colour, "No colours (also: NO_COLOR)");
  app.add_option("--server", a.common.server, "The service (default: http://127.0.0.1:8330)")
      ->envname("QUIETGATE_SERVER");
  app.add_option("--data", a.common.data, "Data directory")->envname("QUIETGATE_DATA");
  app.set_version_flag("--version", std::string("quietgate ") + QUIETGATE_VERSION);
  app.footer(footer);
  app.require_subcommand(1);
  app.get_formatter()->column_width(16);
}

int perform(const std::string& verb, Arguments& a, const CliParts& parts) {
  const auto terminal = terminal_of(STDOUT_FILENO, a.common.no_colour || a.common.json);
  if (verb == "serve") {
    a.serve.data = a.common.data;
    return parts.serve(a.serve);
  }
  if (verb == "run") {
    a.run.data = a.common.data;
    a.run.json = a.common.json;
    a.run.colour = terminal.colour;
    a.run.plain = a.plain || !terminal.live;
    return parts.run_here(a.run);
  }
  const auto file = a.file.empty() ? std::string(".quietgate.yaml") : a.file;
  if (verb == "validate") return validate_file(parts, a.common, file, !a.without_warnings);
  if (verb == "plan") return plan_file(parts, a.common, file);
  if (verb == "doctor" && a.repair) return repair_data(parts, a.common);
  if (verb == "doctor") return doctor(parts, a.common, terminal);
  if (verb == "alerts") return backtest_rules(parts, a.common, a.backtest);
  if (verb == "listener") {
    parts.out(locust_listener());
    return exit_ok;
  }
  if (verb == "verify") return verify_commit(parts, a.common, a.verify);
  if (verb == "backup") return backup_data(parts, a.common, a.file);
  ServiceVerbs service(parts, a.common, terminal);
  if (verb == "runs") return service.runs(a.runs);
  if (verb == "queue") return service.queue();
  if (verb == "show") return service.show(a.name, a.follow, a.chart);
  if (verb == "logs") return service.logs(a.logs);
  if (verb == "artifacts") return service.artifacts(a.artifacts);
  if (verb == "start") return service.start(a.name, a.branch, a.commit, a.follow);
  if (verb == "cancel") return service.cancel(a.name, a.reason);
  if (verb == "retry") return service.retry(a.name, a.follow);
  if (verb == "approve") return service.approve(a.name, a.stage, !a.refuse, a.reason);
  if (verb == "promote") return service.promote(a.name, a.reason, a.override_gate, a.follow);
  if (verb == "rollback") return service.rollback(a.name, a.reason, a.follow);
  if (verb == "evidence") return service.evidence(a.name);
  return a.environment.empty() ? service.environments() : service.destroy(a.environment);
}

int tell_shell(const CLI::App& app, const std::string& verb, const Arguments& a, const CliParts& parts) {
  if (verb == "completion") parts.out(completion_script(a.shell));
  if (verb == "manual") parts.out(manual_page(app, QUIETGATE_VERSION));
  if (verb != "complete") return exit_ok;
  ServiceVerbs service(parts, a.common, Terminal());
  const auto source = [&](std::string_view kind, std::string_view run) { return service.completions(kind, run); };
  for (const auto& found : complete(app, a.words, source)) parts.out(found.word + "\t" + found.help + "\n");
  return exit_ok;
}

}  // namespace

int run_cli(int count, const char* const* arguments, const CliParts& parts) {
  CLI::App app(
      "quietgate runs a repository's pipeline for each new commit: test, apply, load,\n"
      "verify, and promote only if the alert rules stayed quiet and provably awake.",
      "quietgate");
  Arguments a;
  add_common(app, a);
  add_local_verbs(app, a);
  add_alerts_verb(app, a);
  add_listener_verb(app);
  add_verify_verb(app, a);
  add_reading_verbs(app, a);
  add_deciding_verbs(app, a);
  add_shell_verbs(app, a);
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* asked = &app;
    while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
    parts.out(asked->help());
    return exit_ok;
  } catch (const CLI::CallForVersion& version) {
    parts.out(std::string(version.what()) + "\n");
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    auto chosen = app.get_subcommands();
    std::string help = "quietgate";
    for (; !chosen.empty(); chosen = chosen.front()->get_subcommands()) help += " " + chosen.front()->get_name();
    help += " --help";
    print_error(parts, user_error(error.what(), "see " + help));
    return exit_usage;
  }
  const auto verb = app.get_subcommands().front()->get_name();
  try {
    if (verb == "completion" || verb == "manual" || verb == "complete") return tell_shell(app, verb, a, parts);
    return perform(verb, a, parts);
  } catch (const std::exception& problem) {
    print_error(parts,
                infrastructure_error(
                    "`" + verb + "` ended by an error of its own: " + problem.what(),
                    "is the service of the same version? compare `quietgate --version` with what `curl SERVER/` tells"),
                a.common.json);
    return exit_failed;
  }
}

void print_error(const CliParts& parts, const Error& error, bool json) {
  if (json) parts.out(error_answer(0, error.message, error.advice).body);
  parts.err("quietgate: " + error.message + "\n" + (error.advice.empty() ? "" : "  " + error.advice + "\n"));
}

}  // namespace quietgate
