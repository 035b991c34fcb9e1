#include "runner/cli/terminal/gate_report.h"

#include "runner/cli/terminal/report_text.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/cli/terminal/table.h"

namespace quietgate {

namespace {

Ink verdict_ink(GateVerdict verdict) {
  return verdict == GateVerdict::quiet ? Ink::green : verdict == GateVerdict::loud ? Ink::red : Ink::yellow;
}

std::string proof_table(const std::vector<Proof>& proofs, const Terminal& terminal) {
  Table table({"PROOF", "VERDICT", "OF", "DETAIL"});
  for (const auto& p : proofs) {
    const auto word = p.waived.empty() ? std::string(to_string(p.verdict)) : "waived";
    const auto detail = p.waived.empty() ? p.detail : p.detail + " (waived: " + p.waived + ")";
    table.add({printable(p.id), inked(terminal, verdict_ink(p.verdict), word), printable(p.name), printable(detail)});
  }
  return table.text(terminal, 2);
}

}  // namespace

std::string gate_report(const RunRecord& record, const Terminal& terminal,
                        const std::map<std::string, std::vector<Proof>>& so_far) {
  std::string text;
  for (const auto& [stage, proofs] : so_far)
    text += report_title(terminal, "Gate of " + printable(stage) + ", so far") + proof_table(proofs, terminal);
  for (const auto& spec : record.state.plan->stages) {
    const auto& gate = record.state.stages.at(spec.name).outcome.gate;
    if (!gate) continue;
    text += report_title(terminal, "Gate of " + printable(spec.name)) + "  " +
            report_sentence(terminal,
                            inked(terminal, verdict_ink(gate->verdict), to_string(gate->verdict)) + ": " +
                                printable(gate->sentence),
                            2) +
            "\n";
    text += proof_table(gate->proofs, terminal);
  }
  return text;
}

}  // namespace quietgate
