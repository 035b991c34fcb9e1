// The context of a verb: common options, services and output.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runner/cli/exit_code.h"
#include "runner/cli/local_run.h"
#include "runner/cli/terminal/terminal.h"
#include "runner/ports/pipeline.h"
#include "runner/service/serve.h"

namespace quietgate {

struct CommandLine;

// Services for the verbs; main.cc provides the real ones.
struct CliParts {
  std::function<int(const ServeOptions&)> serve;
  std::function<int(const LocalRunOptions&)> run_locally;
  const PipelineLanguage* language = nullptr;
  std::function<std::string(const Plan&)> describe_plan;
  // Checks the plan against the files of the repository in this folder; may be empty.
  std::function<Result<void>(const Plan&, const std::string& folder)> check_files;
  std::function<std::string()> default_data;  // data directory if none is named
  std::function<void(std::string_view)> out;  // standard output
  std::function<void(std::string_view)> err;
};

// The options of all verbs.
struct CommonOptions {
  bool json = false;
  bool no_colour = false;
  std::string server;  // empty: the one at the usual address
  bool here = false;   // ask no service: show what `quietgate run` kept of this clone
  std::string data;
};

struct Invocation {
  const CliParts& parts;
  const CommonOptions& common;
  const CommandLine& line;
  Terminal terminal;  // of standard output

  // Prints the error (print_error) and answers the code.
  ExitCode fail(const Error& error, ExitCode code) const;
  // The address of the service that is named, or the usual one.
  std::string server() const;
  // The named data directory, or the default; empty if there is neither.
  std::string data_directory() const;
  // The journal's file in the data directory; empty if there is none.
  std::string journal_file() const;
};

// Prints `quietgate: MESSAGE` and the advice for people; with `json`, also an object with `error` on the other stream.
void print_error(const CliParts& parts, const Error& error, bool json = false);

}  // namespace quietgate
