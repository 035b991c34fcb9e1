#include "runner/cli/verbs/doctor.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/journal_repair.h"
#include "runner/cli/machine_check.h"
#include "runner/cli/service_client.h"
#include "runner/cli/terminal/outcome_mark.h"
#include "runner/cli/terminal/table.h"

namespace quietgate {

namespace {

int print_findings(const Invocation& call) {
  ServiceClient client(call.server(), {}, {});
  const auto findings = check_machine(call.data_directory(), call.journal_file(), client);
  bool essentials = true;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  Table table({"", "WHAT", "FOUND", "TO GET IT"});
  for (const auto& f : findings) {
    essentials = essentials && (f.ok || !f.essential);
    list.push_back(
        {{"name", f.name}, {"ok", f.ok}, {"essential", f.essential}, {"detail", f.detail}, {"advice", f.advice}});
    const auto sign = f.ok          ? mark(call.terminal, Outcome::passed)
                      : f.essential ? mark(call.terminal, Outcome::failed)
                                    : mark(call.terminal, Outcome::skipped);
    table.add({sign, f.name, f.detail, f.advice});
  }
  if (call.common.json) {
    call.parts.out(json_text(nlohmann::ordered_json{{"ok", essentials}, {"findings", list}}) + "\n");
  } else {
    call.parts.out(table.text(call.terminal) + "\n" +
                   (essentials ? "quietgate can work here; missing tools are needed only by stages that use them\n"
                               : "quietgate can't work here yet: see the lines that failed\n"));
  }
  return essentials ? exit_ok : exit_failed;
}

}  // namespace

Verb doctor_verb() {
  auto repair = std::make_shared<bool>(false);
  Verb verb{"doctor", "Check this machine: tools, data directory, disk, port, journal", verb_group::local};
  verb.options.flag("--repair", *repair,
                    "Repair the journal: keep every whole row, and keep the damaged file under another name");
  verb.run = [repair](const Invocation& call) { return *repair ? repair_data(call) : print_findings(call); };
  return verb;
}

}  // namespace quietgate
