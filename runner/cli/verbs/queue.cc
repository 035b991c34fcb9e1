#include "runner/cli/verbs/queue.h"

#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/service_access.h"
#include "runner/cli/service_json.h"
#include "runner/cli/terminal/table.h"

namespace quietgate {

namespace {

int list_queue(const Invocation& call) {
  ServiceAccess service(call);
  auto body = service.get("/api/v1/queue");
  if (!body) return body.code();
  if (call.common.json) {
    call.parts.out(*body);
    return exit_ok;
  }
  auto json = parse_json(*body);
  Table table({"RUN", "STAGE", "FOR", "REASON"});
  for (const auto& each : json["waiting"])
    table.add({shown_text(each, "run"), shown_text(each, "stage"), waited_in(each), shown_text(each, "reason")});
  call.parts.out(table.empty() ? "nothing waits\n" : table.text(call.terminal));
  return exit_ok;
}

}  // namespace

Verb queue_verb() {
  Verb verb{"queue", "List what waits, and for what: locks, slots, earlier runs", verb_group::look};
  verb.run = list_queue;
  return verb;
}

}  // namespace quietgate
