// Shared by all verbs that ask the service: its client, errors, and the names of runs. Runs that `quietgate run` kept
// are asked for in the same way, of the directory that it kept them in: by a run's name, by --here, or in their clone
// where no service answers.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runner/cli/api_client.h"
#include "runner/cli/invocation.h"
#include "runner/cli/known_token.h"

namespace quietgate {

class ServiceAccess {
 public:
  // `call` must outlive it.
  explicit ServiceAccess(const Invocation& call);

  // The body of an answer with status 200; any other answer is printed as an error.
  OrExit<std::string> get(const std::string& path);
  // The same for a change: any status 2xx.
  OrExit<std::string> post(const std::string& path, const std::string& body);
  // The body of an answer with status 200, or nothing; prints no error.
  std::optional<std::string> get_if_there(const std::string& path);
  // Posts the change and prints `done`, or the answer with --json. Returns the verb's exit code.
  ExitCode change(const std::string& path, const std::string& body, const std::string& done);
  // The run's full name: `hello/12` unchanged, `hello` as the repository's newest run, an empty name as the newest run
  // of all.
  OrExit<std::string> run_named(const std::string& name);

  // Prints why the service could not be reached.
  ExitCode unreachable(const Error& error) const;
  // Prints the error of an answer other than 2xx.
  ExitCode refused(const Reply& reply) const;

  ApiClient& client() { return *client_; }
  const Invocation& call() const { return call_; }

 private:
  Result<Reply> asked(const std::string& path);
  // Whether the runs in the directory are asked from now on.
  bool turn_to(const std::string& directory);
  bool turn_to_this_clone();
  // False: it is a clone's, and its runs can't be read.
  bool find_clone(const std::string& repository);

  const Invocation& call_;
  const KnownToken token_;
  std::unique_ptr<ApiClient> client_;
  std::optional<Error> problem_;  // why runs kept here can't be read
  bool is_local_ = false;
};

}  // namespace quietgate
