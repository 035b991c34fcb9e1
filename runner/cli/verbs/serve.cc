#include "runner/cli/verbs/serve.h"

#include <memory>

#include "runner/cli/invocation.h"
#include "runner/service/serve.h"

namespace quietgate {

Verb serve_verb() {
  auto given = std::make_shared<ServeOptions>();
  Verb verb{"serve", "Watch repositories and run their pipelines", verb_group::service};
  verb.options.text("--config", given->config, "The service's configuration (YAML)").environment("QUIETGATE_CONFIG");
  verb.options.text("--listen", given->listen, "Address to listen on (default: 127.0.0.1)");
  verb.options.port("--port", given->port, "Port to listen on (default: 8330)");
  verb.run = [given](const Invocation& call) {
    given->data = call.common.data;
    return call.parts.serve(*given);
  };
  return verb;
}

}  // namespace quietgate
