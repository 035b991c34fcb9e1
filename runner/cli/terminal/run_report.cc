#include "runner/cli/terminal/run_report.h"

#include <algorithm>

#include "runner/cli/terminal/gate_report.h"
#include "runner/cli/terminal/log_end.h"
#include "runner/cli/terminal/outcome_mark.h"
#include "runner/cli/terminal/report_text.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/cli/terminal/table.h"
#include "runner/cli/terminal/test_report.h"

namespace quietgate {

namespace {

// What this run was not to do, and what was skipped with it; empty: it did all of the plan.
std::string left_out(const RunState& state) {
  std::vector<std::string> names;
  if (!state.plan) return {};
  for (const auto& spec : state.plan->stages) {
    const auto& stage = state.stages.at(spec.name);
    const bool with_it = std::any_of(spec.needs.begin(), spec.needs.end(), [&](const std::string& need) {
      return std::find(names.begin(), names.end(), need) != names.end();
    });
    const bool skipped = stage.status == StageStatus::skipped && !stage.skipped_by_condition;
    if (skipped && (with_it || !spec.left_out.empty())) names.push_back(spec.name);
  }
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "; left out: " : ", ") + printable(name);
  return text;
}

std::string headline(const RunRecord& record, const Terminal& terminal, Time now) {
  const auto& state = record.state;
  const auto id = to_string(state.id);
  if (!record.over()) {
    const auto since = state.started == Time{} ? state.requested : state.started;
    return inked(terminal, Ink::bold, id) + (state.started == Time{} ? " waits since " : " runs since ") +
           human_duration(std::max(Milliseconds{0}, now - since)) + "\n";
  }
  const auto begun = state.started == Time{} ? state.requested : state.started;
  auto text = mark(terminal, state.outcome) + " " + inked(terminal, Ink::bold, id) + " " +
              inked(terminal, ink_of(state.outcome), to_string(state.outcome)) + " in " +
              human_duration(state.finished - begun);
  for (const auto& [name, stage] : record.stages) {
    if (stage.promoted)
      text += ": " + printable(stage.promoted->branch) + (stage.promoted->rollback ? " is back at " : " is now ") +
              stage.promoted->to.substr(0, 7);
  }
  const bool is_invalid = !state.plan && !state.diagnostics.empty() && state.outcome == Outcome::failed;
  const auto reason = is_invalid ? "the pipeline is invalid" : printable(state.reason);  // its diagnostics follow
  if (!reason.empty()) text += ": " + reason;
  text += left_out(state);
  return report_sentence(terminal, text, 2) + "\n";
}

// Of what, and why.
std::string origin(const RunState& state, const Terminal& terminal) {
  const auto what = "  " + printable(state.branch) + " " + state.commit.substr(0, 7) + ", ";
  const auto& back = state.rollback;
  if (!back.wanted()) return inked(terminal, Ink::dim, what + printable(state.cause));
  return inked(terminal, Ink::dim, what) +
         inked(terminal, Ink::yellow, "rollback of " + to_string(back.of) + " to " + state.commit.substr(0, 7)) +
         " by " + (back.by.empty() ? std::string("an alert") : printable(back.by)) + ": " + printable(back.reason) +
         " (" + printable(back.branch) + " was at " + back.from.substr(0, 7) + ")";
}

std::string stages(const RunRecord& record, const Terminal& terminal, Time now,
                   const std::map<std::string, std::string>& waiting) {
  Table table({"", "STAGE", "KIND", "TOOK", "RESULT"});
  for (const auto& spec : record.state.plan->stages) {
    const auto& stage = record.state.stages.at(spec.name);
    const bool ended = stage.status == StageStatus::finished || stage.status == StageStatus::skipped;
    std::string took;
    if (stage.status == StageStatus::finished) took = human_duration(stage.finished - stage.started);
    if (!ended && stage.attempt > 0) took = human_duration(std::max(Milliseconds{0}, now - stage.started));
    auto result = ended ? printable(stage.outcome.reason) : std::string(to_string(stage.status));
    if (stage.status == StageStatus::awaiting_approval)
      result = "waits for: quietgate approve " + to_string(record.state.id) + " " + spec.name;
    if (auto reason = waiting.find(spec.name); !ended && reason != waiting.end()) result = printable(reason->second);
    if (ended && result.empty()) result = to_string(stage.outcome.outcome);
    if (stage.attempt > 1) result = "attempt " + std::to_string(stage.attempt) + ": " + result;
    table.add({ended ? mark(terminal, stage.outcome.outcome) : inked(terminal, Ink::dim, "."), printable(spec.name),
               kind_of(spec.body), took, result});
  }
  return table.text(terminal, 2);
}

// What people are asked, and how they answer.
std::string questions(const RunRecord& record, const Terminal& terminal, Time now) {
  std::string text;
  for (const auto& name : stage_names(record)) {
    const auto& stage = record.state.stages.at(name);
    const auto* told = record.stage(name);
    if (stage.status != StageStatus::awaiting_approval || told == nullptr) continue;
    auto span = "asked " + human_duration(std::max(Milliseconds{0}, now - stage.asked)) + " ago";
    if (stage.asks_until != Time{})
      span += ", expires at " + iso_time(stage.asks_until) + " (in " +
              human_duration(std::max(Milliseconds{0}, stage.asks_until - now)) + ")";
    text += "  " + report_sentence(terminal, printable(name) + ": " + printable(told->approval_message), 4) + "\n    " +
            span + "\n    answer: quietgate approve " + to_string(record.state.id) + " " + printable(name) +
            " [--refuse] [--reason TEXT]\n";
  }
  return text.empty() ? text : report_title(terminal, "Questions") + text;
}

std::string checks(const RunRecord& record, const Terminal& terminal) {
  std::string text;
  for (const auto& spec : record.state.plan->stages) {
    const auto& all = record.state.stages.at(spec.name).outcome.checks;
    if (all.empty()) continue;
    text += report_title(terminal, "Checks of " + printable(spec.name));
    Table table({"", "CHECK", "EXPECTED", "OBSERVED", "ARITHMETIC"});
    for (const auto& c : all) {
      table.add({mark(terminal, c.outcome), printable(c.name), printable(c.expected), printable(c.observed),
                 printable(c.sentence)});
    }
    text += table.text(terminal, 2);
  }
  return text;
}

std::string tests_of_stages(const RunRecord& record, const Terminal& terminal,
                            const std::map<std::string, std::string>& tests) {
  std::string text;
  for (const auto& name : stage_names(record)) {
    const auto found = tests.find(name);
    const auto troubled = found == tests.end() ? std::string() : troubled_tests(found->second, terminal);
    if (!troubled.empty()) text += report_title(terminal, "Tests of " + printable(name)) + troubled;
  }
  return text;
}

std::string ends_of_logs(const RunRecord& record, const Terminal& terminal,
                         const std::map<std::string, std::string>& ends) {
  std::string text;
  for (const auto& name : stage_names(record)) {
    const auto found = ends.find(name);
    if (found == ends.end()) continue;
    const bool is_cut = found->second.size() >= static_cast<std::size_t>(log_end_bytes);
    const auto lines = log_end(found->second, is_cut, terminal);
    if (!lines.empty()) text += report_title(terminal, "The log of " + printable(name) + " ends with") + lines;
  }
  return text;
}

// `overridden by ana at 2026-…: urgent; the gate said at 2026-…: loud: …`
std::string overridden(const StageRecord& stage) {
  const auto& intent = *stage.intent;
  auto line =
      "overridden by " + printable(intent.by) + " at " + iso_time(stage.overridden) + ": " + printable(intent.reason);
  if (stage.judged)
    line += "; the gate said at " + iso_time(stage.judged_at) + ": " + to_string(stage.judged->verdict) + ": " +
            printable(stage.judged->sentence);
  return line;
}

std::string decisions(const RunRecord& record, const Terminal& terminal) {
  std::string lines;
  auto quoted = [](const std::string& reason) { return reason.empty() ? std::string() : ": " + printable(reason); };
  for (const auto& name : stage_names(record)) {
    const auto* stage = record.stage(name);
    if (stage == nullptr) continue;
    for (const auto& given : stage->approvals)
      lines += "  " + name + (given.granted ? ": approved by " : ": refused by ") + printable(given.by) +
               quoted(given.reason) + "\n";
    if (stage->promoted) {
      lines += "  " + name + ": " + printable(stage->promoted->branch) +
               (stage->promoted->rollback ? " rolled back from " : " moved ") +
               (stage->promoted->from.empty() ? std::string("nothing") : stage->promoted->from.substr(0, 7)) + " to " +
               stage->promoted->to.substr(0, 7);
      if (stage->intent && !stage->intent->by.empty() && !stage->intent->overrode)
        lines += " by " + printable(stage->intent->by) + quoted(stage->intent->reason);
      lines += stage->attached ? "; its evidence is attached to the commit"
               : stage->sealed ? "; its evidence is sealed, and not attached to the commit yet"
                               : "";
      lines += "\n";
      if (stage->intent && stage->intent->overrode)
        lines += "    " + report_sentence(terminal, overridden(*stage), 6) + "\n";
    } else if (!stage->refused.empty()) {
      lines += "  " + name + ": promotion refused" + quoted(stage->refused) + "\n";
    }
  }
  for (const auto& asked : record.promotion_requests)
    lines += "  promotion requested by " + printable(asked.by) + (asked.override_gate ? " against the gate" : "") +
             quoted(asked.reason) + "\n";
  if (record.state.cancel) lines += "  " + printable(record.state.cancel->cause) + "\n";
  return lines.empty() ? lines : report_title(terminal, "Decisions") + lines;
}

std::string environments(const RunRecord& record, const Terminal& terminal) {
  if (record.environments.empty()) return {};
  Table table({"ENVIRONMENT", "STAGE", "BY", "STATUS", "DETAIL"});
  for (const auto& e : record.environments)
    table.add({printable(e.id), printable(e.stage), printable(e.provisioner),
               to_string(e.status) + std::string(e.keep ? " (kept)" : ""), printable(e.detail)});
  return "\n" + table.text(terminal, 2);
}

std::string advice(const RunRecord& record, const Terminal& terminal) {
  std::string lines;
  for (const auto& name : stage_names(record)) {
    const auto& outcome = record.state.stages.at(name).outcome;
    if (!outcome.advice.empty() && outcome.outcome != Outcome::passed)
      lines += "  " + report_sentence(terminal, name + ": " + printable(outcome.advice), 4) + "\n";
  }
  const auto id = to_string(record.state.id);
  for (const auto& spec : record.state.plan->stages) {
    const auto& stage = record.state.stages.at(spec.name);
    const auto outcome = stage.outcome.outcome;
    const bool worth_reading =
        outcome == Outcome::failed || outcome == Outcome::error || outcome == Outcome::inconclusive;
    if (stage.status == StageStatus::finished && worth_reading)
      lines += "  read its whole log:  quietgate logs " + id + " " + printable(spec.name) + "\n";
  }
  return lines.empty() ? lines : report_title(terminal, "What to do") + lines;
}

}  // namespace

std::string run_report(const RunRecord& record, const Terminal& terminal, Time now, const RunDetails& details) {
  const auto& state = record.state;
  if (state.id.number == 0) return "there is no record of this run\n";
  auto text = headline(record, terminal, now);
  text += origin(state, terminal) + "\n";
  if (!state.diagnostics.empty()) text += "\n" + state.diagnostics + (state.diagnostics.back() == '\n' ? "" : "\n");
  const auto& waiting = details.waiting;
  if (auto reason = waiting.find(""); reason != waiting.end() && !record.over())
    text += "  " + printable(reason->second) + "\n";
  if (!state.plan) return text;
  text += "\n" + stages(record, terminal, now, waiting) + questions(record, terminal, now);
  text += tests_of_stages(record, terminal, details.tests) + ends_of_logs(record, terminal, details.log_ends);
  text += checks(record, terminal) + gate_report(record, terminal, details.so_far) + decisions(record, terminal);
  return text + environments(record, terminal) + advice(record, terminal);
}

}  // namespace quietgate
