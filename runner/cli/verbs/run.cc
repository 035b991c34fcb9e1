#include "runner/cli/verbs/run.h"

#include <memory>

#include "runner/cli/invocation.h"
#include "runner/cli/local_run.h"

namespace quietgate {

Verb run_verb() {
  auto given = std::make_shared<LocalRunOptions>();
  Verb verb{"run", "Run a repository's checked-out commit here and now", verb_group::local};
  auto& options = verb.options;
  options.text("DIRECTORY", given->directory, "A folder of the repository (default: this one)");
  options.text("--pipeline", given->pipeline, "Pipeline file, relative to the repository (default: .quietgate.yaml)");
  options.flag("--promote", given->promote,
               "Move the production branch of this repository (default: no branch is moved)");
  options.flag(
      "--release", given->release,
      "Also apply environments with `keep: true`, and keep them (default: left alone; --promote applies them too)");
  options.flag("--let-go", given->destroy_kept,
               "Run nothing; destroy the environments that earlier runs of this clone kept");
  options
      .text("--config", given->config,
            "A service's configuration; only its `servers`, `isolation` and `sandbox` are used")
      .environment("QUIETGATE_CONFIG");
  options.flag("--plain", given->plain, "Lines instead of a tree that updates in place");
  verb.run = [given](const Invocation& call) {
    given->data = call.common.data;
    given->json = call.common.json;
    given->colour = call.terminal.colour;
    given->plain = given->plain || !call.terminal.live;
    return call.parts.run_locally(*given);
  };
  return verb;
}

}  // namespace quietgate
