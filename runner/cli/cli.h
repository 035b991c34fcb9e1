// The verb table: what `quietgate` understands on its command line, and its exit codes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runner/api/run_record.h"
#include "runner/cli/cli_client.h"
#include "runner/cli/cli_shell.h"
#include "runner/cli/terminal/terminal.h"
#include "runner/ports/pipeline.h"
#include "runner/service/daemon.h"

namespace quietgate {

// Documented in --help and docs/cli.md; never renumbered.
enum ExitCode {
  exit_ok = 0,
  exit_failed = 1,        // the run or stage failed, or something needed is missing
  exit_usage = 2,         // wrong arguments, or an invalid pipeline or configuration
  exit_unreachable = 3,   // the service can't be reached
  exit_refused = 4,       // not found, not allowed, or not possible in the state that it is in
  exit_inconclusive = 5,  // data was lacking, or the gate was blind
  exit_cancelled = 130,
};

// What the verbs work with; main.cc gives the real things.
struct CliParts {
  std::function<int(const ServeOptions&)> serve;
  std::function<int(const RunOptions&)> run_here;
  const PipelineLanguage* language = nullptr;
  std::function<std::string(const Plan&)> describe_plan;
  // The plan against the files of the repository in this folder; may be empty.
  std::function<Result<void>(const Plan&, const std::string& folder)> check_files;
  std::function<std::string()> default_data;  // data directory when none is named
  std::function<void(std::string_view)> out;  // standard output
  std::function<void(std::string_view)> err;
};

// Runs the verb; answers the exit code.
int run_cli(int count, const char* const* arguments, const CliParts& parts);

// What every verb is told.
struct CliCommon {
  bool json = false;
  bool no_colour = false;
  std::string server;
  std::string data;
};

struct RunsQuery {
  std::string repository;
  int limit = 20;
};
struct LogsQuery {
  std::string run;
  std::string stage;
  int attempt = 0;  // 0: the last
  bool follow = false;
};

// `artifacts`, as it was written.
struct ArtifactsQuery {
  std::string run;
  std::string stage;
  std::vector<std::string> paths;  // to be fetched
  bool all = false;
  std::string output = ".";
  int attempt = 0;  // 0: the last
};

// `alerts backtest`, as it was written.
struct BacktestQuery {
  std::vector<std::string> rules;  // files and folders
  std::string prometheus;
  std::string config;  // of a service; empty: none
  std::string from = "7d";
  std::string to = "now";
  std::string time_zone;  // empty: this machine's
  std::string interval = "1m";
  std::string deadline = "1m";
  int at_most = -1;  // -1: not asked
};

// The verbs that talk to the service (cli_runs.cc, cli_changes.cc, cli_artifacts.cc). A run is named `hello/12`;
// `hello` means its newest run; nothing means the newest of all.
class ServiceVerbs {
 public:
  ServiceVerbs(const CliParts& parts, const CliCommon& common, Terminal terminal);
  int runs(const RunsQuery& query);
  int show(const std::string& run, bool follow, bool chart);
  // The run's rows so far; else the exit code, when it was said why not.
  std::variant<RunRecord, int> record_of(const std::string& run);
  // Of every load of the run that left measurements.
  void print_charts(const RunRecord& record);
  int logs(const LogsQuery& query);
  int artifacts(const ArtifactsQuery& query);
  // Without branch and commit: the branch, if there is only one.
  int start(const std::string& repository, const std::string& branch, const std::string& commit, bool follow);
  int cancel(const std::string& run, const std::string& reason);
  int retry(const std::string& run, bool follow);
  int approve(const std::string& run, const std::string& stage, bool granted, const std::string& reason);
  int promote(const std::string& run, const std::string& reason, bool override_gate, bool follow);
  int rollback(const std::string& run, const std::string& reason, bool follow);
  int evidence(const std::string& run);
  int queue();
  int environments();
  int destroy(const std::string& environment);
  // What a shell may complete (cli_shell.h); nothing when the service doesn't answer.
  std::vector<Completion> completions(std::string_view kind, std::string_view run);

 private:
  int fail(const Error& error, int code);
  int refuse(const Reply& reply);  // an answer that is not 2xx
  // The run's name, or an exit code that was explained already.
  std::variant<std::string, int> resolve(const std::string& run);
  int change(const std::string& path, const std::string& body, const std::string& said);
  std::variant<std::string, int> only_branch(const std::string& repository);
  int requested(const Result<Reply>& reply, bool follow);  // of a new run
  // By stage: the texts of tests.json where tests are worth naming.
  std::map<std::string, std::string> tests_of(const RunRecord& record);
  int follow_run(const std::string& run);

  const CliParts& parts_;
  const CliCommon& common_;
  Terminal terminal_;
  CliClient client_;
};

int validate_file(const CliParts& parts, const CliCommon& common, const std::string& file, bool with_warnings);
int plan_file(const CliParts& parts, const CliCommon& common, const std::string& file);

// 0: all was computed; 1: more pages than --at-most; 5: something could not be computed, or the server not be reached.
int backtest_rules(const CliParts& parts, const CliCommon& common, const BacktestQuery& query);

// `verify`, as it was written.
struct VerifyQuery {
  std::string commit;
  std::string repository = ".";   // a clone, where the note is
  std::string evidence;           // a file of envelopes instead; `-`: standard input
  std::vector<std::string> keys;  // files of public keys; empty: that of the data directory
};
// Checks the evidence of a commit and explains it. 0: all of it holds; 1: some of it doesn't; 4: there is none.
int verify_commit(const CliParts& parts, const CliCommon& common, const VerifyQuery& query);

// Looks at this machine: data directory, disk, port, tools.
int doctor(const CliParts& parts, const CliCommon& common, Terminal terminal);

// The journal of the data directory (cli_journal.cc): what is wrong with it; a mended one; a copy.
std::string journal_of(const CliParts& parts, const CliCommon& common);  // its path; empty: no data directory is known
int repair_data(const CliParts& parts, const CliCommon& common);
int backup_data(const CliParts& parts, const CliCommon& common, const std::string& file);

// `quietgate: MESSAGE` and, below it, the advice, for people; and for machines an object with `error` on the other
// stream.
void print_error(const CliParts& parts, const Error& error, bool json = false);

}  // namespace quietgate
