#include "runner/model/evidence.h"

#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/model/plan_fields.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json_text(json);
}

template <class T>
Json json_of(const T& value) {
  return Json::parse(encoded(value));
}

Json window_json(const Window& window) {
  return {{"begin", iso_time(window.begin)}, {"end", iso_time(window.end)}};
}

Json gate_json(const GateJudgement& gate, Time judged, const std::string& prometheus) {
  Json json{{"verdict", to_string(gate.verdict)},
            {"sentence", gate.sentence},
            {"window", window_json(gate.window)},
            {"prometheus", prometheus},
            {"proofs", json_of(gate.proofs)}};
  if (judged != Time{}) json["judged_at"] = iso_time(judged);
  json["rules_sha256"] = gate.rules.empty() ? Json(nullptr) : Json(gate.rules);
  return json;
}

// Whose word counted against the gate's, and what that was.
Json override_json(const PromotionFacts& facts) {
  Json json{{"by", facts.intent.by}, {"reason", facts.intent.reason}};
  if (facts.asked) json["at"] = iso_time(facts.asked_at);
  if (facts.gate) {
    json["verdict"] = to_string(facts.gate->verdict);
    json["sentence"] = facts.gate->sentence;
  }
  if (facts.gate && facts.judged != Time{}) json["judged_at"] = iso_time(facts.judged);
  return json;
}

Json stage_json(const StageSpec& spec, const StageState& stage, const PromotionFacts& facts) {
  const auto& outcome = stage.outcome;
  Json json{{"name", spec.name}, {"kind", kind_of(spec.body)}};
  if (spec.name == facts.promoted.stage) {
    json["outcome"] = "passed";
    json["attempts"] = stage.attempt;
    return json;
  }
  const bool over = stage.status == StageStatus::finished || stage.status == StageStatus::skipped;
  json["outcome"] = over ? to_string(outcome.outcome) : to_string(stage.status);
  json["attempts"] = stage.attempt;
  if (!stage.isolation.empty()) json["isolation"] = stage.isolation;
  if (!over) return json;
  json["reason"] = outcome.reason;
  if (stage.attempt > 0) json["started"] = iso_time(stage.attempt_started);
  json["finished"] = iso_time(stage.finished);
  if (!outcome.checks.empty()) json["checks"] = json_of(outcome.checks);
  if (outcome.window) json["window"] = window_json(*outcome.window);
  if (!outcome.measured.empty()) json["measured"] = outcome.measured;
  if (outcome.tests) json["tests"] = json_of(*outcome.tests);
  if (outcome.artifacts) json["artifacts"] = json_of(*outcome.artifacts);
  if (!outcome.given.empty()) json["given"] = json_of(outcome.given);
  if (stage.approval && stage.approval->granted)
    json["approved"] = {{"by", stage.approval->by}, {"reason", stage.approval->reason}};
  if (auto file = facts.measurements.find(spec.name); file != facts.measurements.end()) {
    json["measurements"] = {{"bytes", file->second.bytes}};
    json["measurements"]["sha256"] = file->second.sha256.empty() ? Json(nullptr) : Json(file->second.sha256);
  }
  return json;
}

Json promotion_json(const RunState& run, const PromotionFacts& facts) {
  Json json{{"stage", facts.promoted.stage}, {"branch", facts.promoted.branch},
            {"from", facts.promoted.from},   {"to", facts.promoted.to},
            {"at", iso_time(facts.at)},      {"overrode_gate", facts.intent.overrode},
            {"by", facts.intent.by},         {"reason", facts.intent.reason}};
  if (run.rollback.wanted())
    json["rollback"] = {{"of", to_string(run.rollback.of)}, {"by", run.rollback.by}, {"reason", run.rollback.reason}};
  return json;
}

}  // namespace

std::string promotion_statement(const RunState& run, const PromotionFacts& facts) {
  Json predicate{
      {"version", 1},
      {"repository", run.id.repository},
      {"run",
       {{"number", run.id.number}, {"branch", run.branch}, {"cause", run.cause}, {"started", iso_time(run.started)}}},
      {"promotion", promotion_json(run, facts)},
      {"waivers", Json::object()},
      {"stages", Json::array()}};
  predicate["gate"] = facts.gate ? gate_json(*facts.gate, facts.judged, facts.prometheus) : Json(nullptr);
  if (facts.intent.overrode) predicate["override"] = override_json(facts);
  if (facts.gate) {
    for (const auto& proof : facts.gate->proofs) {
      if (!proof.waived.empty()) predicate["waivers"][proof.id] = proof.waived;
    }
  }
  if (run.plan) {
    predicate["plan"] = {{"name", run.plan->name}, {"sha256", run.plan->hash}};
    for (const auto& spec : run.plan->stages)
      predicate["stages"].push_back(stage_json(spec, run.stages.at(spec.name), facts));
  }
  const Json subject{{"name", "git:" + run.id.repository}, {"digest", {{"gitCommit", facts.promoted.to}}}};
  return dump({{"_type", "https://in-toto.io/Statement/v1"},
               {"subject", Json::array({subject})},
               {"predicateType", evidence_predicate},
               {"predicate", std::move(predicate)}});
}

}  // namespace quietgate
