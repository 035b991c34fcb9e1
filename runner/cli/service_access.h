// What all verbs that ask the service share: its client, how they fail, and how they name a run. Runs that `quietgate
// run` kept are asked for in the same way, of the directory that it kept them in: by a run's name, by --here, or in
// their clone where no service answers.
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
  // `call` outlives it.
  explicit ServiceAccess(const Invocation& call);

  // The body of an answer with status 200; anything else is printed as the error that it is.
  OrExit<std::string> get(const std::string& path);
  // Likewise of a change: any status of 2xx.
  OrExit<std::string> post(const std::string& path, const std::string& body);
  // The body of an answer with status 200, of what is only shown if it is there.
  std::optional<std::string> get_if_there(const std::string& path);
  // Posts the change and prints what it did: `done`, or with --json the answer. Answers the verb's exit code.
  ExitCode change(const std::string& path, const std::string& body, const std::string& done);
  // The run's whole name: `hello/12` as it is, `hello` as its newest run, nothing as the newest of all.
  OrExit<std::string> run_named(const std::string& name);

  // Prints why the service was not reached.
  ExitCode unreachable(const Error& error) const;
  // Prints what an answer other than 2xx says.
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
