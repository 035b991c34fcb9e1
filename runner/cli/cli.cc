#include "runner/cli/cli.h"

#include <unistd.h>

#include "runner/cli/command_line.h"

namespace quietgate {

namespace {

const char* const cli_description =
    "quietgate runs a repository's pipeline for each new commit: test, apply, load,\n"
    "verify, and promote only if the alert rules stayed quiet and provably awake.";

const char* const cli_footer =
    "\nExit codes:\n"
    "  0    done; the run passed\n"
    "  1    the run or stage failed, or something needed is missing\n"
    "  2    wrong arguments, or an invalid pipeline or configuration\n"
    "  3    the service can't be reached\n"
    "  4    not found, not allowed, or not possible in the current state\n"
    "  5    inconclusive: data was lacking, or the gate was blind\n"
    "  130  cancelled\n"
    "\n`hello/12` names a run, `hello` the newest run of that repository;\n"
    "without a name, verbs that read use the newest run of all.\n"
    "Try it: cd into a repository with a .quietgate.yaml, and `quietgate run`.\n";

void add_common_options(Options& options, CommonOptions& common) {
  options.flag("--json", common.json, "Print JSON");
  options.flag("--no-color,--no-colour", common.no_colour, "No colours (also: NO_COLOR)");
  options.text("--server", common.server, "The service (default: http://127.0.0.1:8330)")
      .environment("QUIETGATE_SERVER");
  options.flag("--here", common.here, "Ask no service: show the runs of `quietgate run` in this clone");
  options.text("--data", common.data, "Data directory").environment("QUIETGATE_DATA");
}

}  // namespace

int run_cli(int count, const char* const* arguments, const CliParts& parts, std::vector<Verb> verbs) {
  CommonOptions common;
  CommandLine line{cli_description, cli_footer, QUIETGATE_VERSION, {}, std::move(verbs)};
  add_common_options(line.options, common);
  const auto parsed = parse(line, count, arguments);
  if (parsed.error) {
    print_error(parts, *parsed.error);
    return exit_usage;
  }
  if (parsed.verb == nullptr) {
    parts.out(parsed.text);
    return exit_ok;
  }
  const Invocation call{parts, common, line, terminal_of(STDOUT_FILENO, common.no_colour || common.json)};
  try {
    return parsed.verb->run(call);
  } catch (const std::exception& problem) {
    return call.fail(
        infrastructure_error(
            "`" + parsed.verb->name + "` failed: " + problem.what(),
            "check that the service has the same version: compare `quietgate --version` with `curl SERVER/`"),
        exit_failed);
  }
}

}  // namespace quietgate
