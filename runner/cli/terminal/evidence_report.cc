#include "runner/cli/terminal/evidence_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!json.contains(at)) return {};
  const auto& found = json.at(at);
  return printable(found.is_string() ? found.get<std::string>() : json_text(found));
}

std::string stage_lines(const Json& predicate) {
  std::string text;
  for (const auto& stage : predicate.value("stages", Json::array())) {
    text += fmt::format("    {:<14} {:<8} {:<12} {}\n", text_at(stage, "/name"), text_at(stage, "/kind"),
                        text_at(stage, "/outcome"), stage.contains("checks") ? "" : text_at(stage, "/reason"));
    for (const auto& check : stage.value("checks", Json::array()))
      text += "      " + text_at(check, "/sentence") + "\n";
    if (stage.contains("artifacts"))
      text += "      kept " + text_at(stage, "/artifacts/files") + " artifacts, " + text_at(stage, "/artifacts/bytes") +
              " bytes: sha256 " + text_at(stage, "/artifacts/sha256").substr(0, 16) + "\n";
    const auto given = stage.value("given", Json::object());
    for (const auto& [giver, kept] : given.items())
      text += "      with " + text_at(kept, "/files") + " artifacts of " + printable(giver) + ": sha256 " +
              text_at(kept, "/sha256").substr(0, 16) + "\n";
    if (stage.contains("approved"))
      text += "      approved by " + text_at(stage, "/approved/by") + ": " + text_at(stage, "/approved/reason") + "\n";
  }
  return text;
}

std::string gate_lines(const Json& predicate) {
  const auto gate = predicate.value("gate", Json());
  if (!gate.is_object()) return "  no gate: no alert rule was checked\n";
  auto text = "  the gate was " + text_at(gate, "/verdict") + ": " + text_at(gate, "/sentence") + "\n";
  for (const auto& proof : gate.value("proofs", Json::array())) {
    const auto waived = text_at(proof, "/waived");
    text += fmt::format("    {:<8} {:<6} {}: {}\n", text_at(proof, "/id"),
                        waived.empty() ? text_at(proof, "/verdict") : "waived", text_at(proof, "/name"),
                        waived.empty() ? text_at(proof, "/detail") : waived);
  }
  return text + "    rules " + text_at(gate, "/rules_sha256").substr(0, 16) + " on " + text_at(gate, "/prometheus") +
         "\n";
}

// Who decided, and against what.
std::string decided_by(const Json& predicate) {
  const auto by = text_at(predicate, "/promotion/by");
  if (by.empty()) return {};
  const auto reason = text_at(predicate, "/promotion/reason");
  if (predicate.contains("override")) {
    const auto at = text_at(predicate, "/override/at");
    const auto judged = text_at(predicate, "/override/judged_at");
    return fmt::format("  overridden by {}{}: {}; the gate said{}: {}: {}\n", by, at.empty() ? "" : " at " + at, reason,
                       judged.empty() ? "" : " at " + judged, text_at(predicate, "/override/verdict"),
                       text_at(predicate, "/override/sentence"));
  }
  // Of a version that had no such member.
  const Json::json_pointer overrode("/promotion/overrode_gate");
  const bool against = predicate.contains(overrode) && predicate.at(overrode) == true;
  return "  decided by " + by + (against ? " AGAINST THE GATE" : "") + ": " + reason + "\n";
}

}  // namespace

std::string evidence_report(const nlohmann::json& predicate, const std::string& key) {
  const auto from = text_at(predicate, "/promotion/from");
  auto text = fmt::format("  {} moved from {} to this commit at {},\n  by run {}/{} of {} ({})\n",
                          text_at(predicate, "/promotion/branch"), from.empty() ? "nothing" : from.substr(0, 7),
                          text_at(predicate, "/promotion/at"), text_at(predicate, "/repository"),
                          text_at(predicate, "/run/number"), text_at(predicate, "/run/branch"),
                          text_at(predicate, "/run/cause"));
  if (predicate.contains(Json::json_pointer("/promotion/rollback")))
    text += "  this was a rollback of " + text_at(predicate, "/promotion/rollback/of") + ": " +
            text_at(predicate, "/promotion/rollback/reason") + "\n";
  text += decided_by(predicate);
  text += "  plan " + text_at(predicate, "/plan/sha256").substr(0, 16) + "\n" + stage_lines(predicate) +
          gate_lines(predicate);
  return text + "  signed by key " + key.substr(0, 16) + "\n";
}

}  // namespace quietgate
