#include "runner/cli/verbs/listener.h"

#include "runner/cli/invocation.h"
#include "stages/load/locust_scripts.h"

namespace quietgate {

Verb listener_verb() {
  Verb verb{"listener", "Print the listener for Locust workers on other machines", verb_group::local};
  verb.run = [](const Invocation& call) {
    call.parts.out(locust_listener());
    return exit_ok;
  };
  return verb;
}

}  // namespace quietgate
