#include "runner/api/documents.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"

namespace quietgate {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json_text(json) + "\n";
}

Json when(Time time) {
  return time == Time{} ? Json(nullptr) : Json(iso_time(time));
}

Json span(Time begin, Time end) {
  return begin == Time{} || end == Time{} ? Json(nullptr) : Json((end - begin).count());
}

Json window(const std::optional<Window>& of) {
  if (!of) return nullptr;
  return {{"begin", iso_time(of->begin)}, {"end", iso_time(of->end)}};
}

Json checks(const std::vector<Check>& of) {
  Json json = Json::array();
  for (const auto& c : of) {
    json.push_back({{"name", c.name},
                    {"expected", c.expected},
                    {"observed", c.observed},
                    {"outcome", to_string(c.outcome)},
                    {"sentence", c.sentence},
                    {"warns", c.warns}});
  }
  return json;
}

Json gate(const std::optional<GateJudgement>& of) {
  if (!of) return nullptr;
  Json proofs = Json::array();
  for (const auto& p : of->proofs) {
    proofs.push_back({{"id", p.id},
                      {"name", p.name},
                      {"verdict", to_string(p.verdict)},
                      {"detail", p.detail},
                      {"waived", p.waived}});
  }
  return {{"verdict", to_string(of->verdict)},
          {"sentence", of->sentence},
          {"proofs", std::move(proofs)},
          {"window", window(of->window)}};
}

Json tests(const std::optional<TestCounts>& of) {
  if (!of) return nullptr;
  return {{"passed", of->passed}, {"failed", of->failed}, {"skipped", of->skipped}, {"flaky", of->flaky}};
}

Json artifacts(const ArtifactsKept& of) {
  return {{"files", of.files}, {"bytes", of.bytes}, {"sha256", of.sha256}};
}

Json attempt(const AttemptRecord& a) {
  Json json{{"number", a.number},
            {"outcome", a.ended() ? Json(to_string(a.outcome.outcome)) : Json(nullptr)},
            {"reason", a.outcome.reason},
            {"advice", a.outcome.advice},
            {"timed_out", a.outcome.timed_out},
            {"started_at", when(a.started)},
            {"finished_at", when(a.finished)},
            {"duration_ms", span(a.started, a.finished)}};
  json["outputs"] = Json::object();
  for (const auto& [key, value] : a.outcome.outputs) json["outputs"][key] = value;
  json["checks"] = checks(a.outcome.checks);
  json["window"] = window(a.outcome.window);
  json["gate"] = gate(a.outcome.gate);
  json["tests"] = tests(a.outcome.tests);
  json["artifacts"] = a.outcome.artifacts ? artifacts(*a.outcome.artifacts) : Json(nullptr);
  json["given"] = Json::object();
  for (const auto& [giver, kept] : a.outcome.given) json["given"][giver] = artifacts(kept);
  return json;
}

Json approval(const StageRecord& stage) {
  if (!stage.awaited && stage.approvals.empty()) return nullptr;
  Json json{{"awaited_at", stage.awaited ? when(*stage.awaited) : Json(nullptr)},
            {"expires_at", when(stage.asked_until)},
            {"message", stage.approval_message}};
  json["decisions"] = Json::array();
  for (const auto& given : stage.approvals)
    json["decisions"].push_back({{"granted", given.granted}, {"by", given.by}, {"reason", given.reason}});
  return json;
}

// Whose word counted against the gate's, and what that was.
Json override_of(const StageRecord& stage) {
  if (!stage.intent->overrode) return nullptr;
  Json json{{"by", stage.intent->by}, {"reason", stage.intent->reason}, {"at", when(stage.overridden)}};
  json["verdict"] = stage.judged ? Json(to_string(stage.judged->verdict)) : Json(nullptr);
  json["sentence"] = stage.judged ? Json(stage.judged->sentence) : Json(nullptr);
  json["judged_at"] = when(stage.judged_at);
  return json;
}

Json promotion(const StageRecord& stage) {
  if (!stage.intent && !stage.promoted && stage.refused.empty()) return nullptr;
  Json json{{"promoted", stage.promoted.has_value()},
            {"refused", stage.refused},
            {"evidence", stage.attached ? "attached"
                         : stage.sealed ? "sealed"
                                        : "none"}};
  if (stage.intent) {
    json["branch"] = stage.intent->branch;
    json["from"] = stage.intent->from;
    json["to"] = stage.intent->to;
    json["by"] = stage.intent->by;
    json["reason"] = stage.intent->reason;
    json["overrode"] = stage.intent->overrode;
    json["rollback"] = stage.intent->rollback;
    json["override"] = override_of(stage);
  }
  return json;
}

Json waiting_for(const Waiting& of) {
  Json json{{"for", to_string(of.what)}, {"reason", of.reason},
            {"position", of.position},   {"since", when(of.since)},
            {"until", when(of.until)},   {"lock", of.lock.empty() ? Json(nullptr) : Json(of.lock)}};
  json["holders"] = Json::array();
  for (const auto& holder : of.holders)
    json["holders"].push_back({{"run", to_string(holder.run)},
                               {"stage", holder.stage},
                               {"since", when(holder.since)},
                               {"kept", holder.kept}});
  return json;
}

// Of the stage, or of the whole run when `stage` is empty.
Json waiting_of(const std::vector<Waiting>& all, const std::string& stage) {
  auto found = std::find_if(all.begin(), all.end(), [&](const Waiting& each) { return each.stage == stage; });
  return found == all.end() ? Json(nullptr) : waiting_for(*found);
}

Json stage(const RunRecord& record, const StageSpec& spec, const std::vector<Waiting>& waiting,
           const LiveProgress& progress) {
  static const StageRecord nothing;
  const auto& state = record.state.stages.at(spec.name);
  const auto* known = record.stage(spec.name);
  const auto& seen = known != nullptr ? *known : nothing;
  const bool ended = state.status == StageStatus::finished || state.status == StageStatus::skipped;
  Json json{{"name", spec.name},
            {"kind", kind_of(spec.body)},
            {"needs", spec.needs},
            {"lock", spec.lock.empty() ? Json(nullptr) : Json(spec.lock)},
            {"status", to_string(state.status)},
            {"outcome", ended ? Json(to_string(state.outcome.outcome)) : Json(nullptr)},
            {"reason", ended ? state.outcome.reason : ""},
            {"advice", ended ? state.outcome.advice : ""},
            {"started_at", when(state.started)},
            {"finished_at", ended ? when(state.finished) : Json(nullptr)},
            {"duration_ms", ended ? span(state.started, state.finished) : Json(nullptr)}};
  json["attempts"] = Json::array();
  for (const auto& a : seen.attempts) json["attempts"].push_back(attempt(a));
  json["approval"] = approval(seen);
  json["promotion"] = promotion(seen);
  json["waiting"] = waiting_of(waiting, spec.name);
  json["progress"] = nullptr;
  if (!ended && state.attempt > 0 && progress) {
    auto live = Json::parse(progress(spec.name, state.attempt), nullptr, false);
    if (live.is_object()) json["progress"] = std::move(live);
  }
  return json;
}

Json environment(const EnvironmentRecord& e) {
  Json json{{"id", e.id},         {"stage", e.stage}, {"provisioner", e.provisioner}, {"status", to_string(e.status)},
            {"detail", e.detail}, {"keep", e.keep},   {"expires_at", when(e.expires)}};
  json["ports"] = Json(e.ports);
  return json;
}

Json rollback(const Rollback& of, const CommitId& to) {
  if (!of.wanted()) return nullptr;
  return {{"of", to_string(of.of)}, {"branch", of.branch}, {"from", of.from}, {"to", to}, {"by", of.by},
          {"reason", of.reason}};
}

Json summary(const RunSummary& run) {
  const bool over = run.status == RunStatus::finished;
  return {{"id", to_string(run.id)},
          {"repository", run.id.repository},
          {"number", run.id.number},
          {"branch", run.branch},
          {"commit", run.commit},
          {"cause", run.cause},
          {"status", to_string(run.status)},
          {"outcome", over ? Json(to_string(run.outcome)) : Json(nullptr)},
          {"reason", over ? run.reason : ""},
          {"requested_at", when(run.requested)},
          {"started_at", when(run.started)},
          {"finished_at", over ? when(run.finished) : Json(nullptr)},
          {"duration_ms", over ? span(run.requested, run.finished) : Json(nullptr)}};
}

RunSummary summary_of(const RunState& state) {
  RunSummary run;
  run.id = state.id;
  run.branch = state.branch;
  run.commit = state.commit;
  run.cause = state.cause;
  run.status = state.status;
  run.outcome = state.outcome;
  run.reason = state.reason;
  run.requested = state.requested;
  run.started = state.started;
  run.finished = state.finished;
  return run;
}

}  // namespace

std::string repositories_document(const std::vector<RepositoryState>& repositories) {
  Json list = Json::array();
  for (const auto& r : repositories) {
    Json branches = Json::array();
    for (const auto& [name, commit] : r.branches) branches.push_back({{"name", name}, {"commit", commit}});
    list.push_back({{"name", r.repository.name},
                    {"url", r.repository.url},
                    {"pipeline", r.repository.pipeline},
                    {"watched", r.watched},
                    {"branches", std::move(branches)},
                    {"last_run", r.last_run ? summary(*r.last_run) : Json(nullptr)}});
  }
  return text_of({{"repositories", std::move(list)}});
}

std::string runs_document(const std::vector<RunSummary>& runs, const std::map<RunId, Rollback>& rollbacks,
                          const std::vector<Waiting>& waiting, std::size_t limit) {
  // One reason is enough for a list: the oldest.
  std::map<RunId, std::string> reasons;
  for (const auto& each : waiting)
    reasons.emplace(each.run, (each.stage.empty() ? "" : each.stage + " ") + each.reason);
  Json list = Json::array();
  for (const auto& run : runs) {
    auto back = rollbacks.find(run.id);
    auto json = summary(run);
    auto reason = reasons.find(run.id);
    json["waiting"] = reason == reasons.end() ? Json(nullptr) : Json(reason->second);
    json["rollback"] = back == rollbacks.end() ? Json(nullptr) : rollback(back->second, run.commit);
    list.push_back(std::move(json));
  }
  return text_of({{"runs", std::move(list)},
                  {"next_before", !runs.empty() && runs.size() >= limit ? Json(runs.back().first) : Json(nullptr)}});
}

std::string queue_document(const std::vector<Waiting>& waiting) {
  Json list = Json::array();
  for (const auto& each : waiting) {
    Json json{{"run", to_string(each.run)}, {"stage", each.stage.empty() ? Json(nullptr) : Json(each.stage)}};
    json.update(waiting_for(each));
    list.push_back(std::move(json));
  }
  return text_of({{"waiting", std::move(list)}});
}

std::string run_document(const RunRecord& record, const std::vector<Waiting>& waiting, const LiveProgress& progress) {
  const auto& state = record.state;
  auto json = summary(summary_of(state));
  json["waiting"] = waiting_of(waiting, {});
  json["rollback"] = rollback(state.rollback, state.commit);
  json["pipeline"] = state.plan ? Json(state.plan->name) : Json(nullptr);
  json["plan_hash"] = state.plan ? Json(state.plan->hash) : Json(nullptr);
  json["diagnostics"] = state.diagnostics;
  json["cancel"] = state.cancel ? Json{{"by", state.cancel->by}, {"cause", state.cancel->cause}} : Json(nullptr);
  json["stages"] = Json::array();
  if (state.plan) {
    for (const auto& spec : state.plan->stages) json["stages"].push_back(stage(record, spec, waiting, progress));
  }
  json["environments"] = Json::array();
  for (const auto& e : record.environments) json["environments"].push_back(environment(e));
  json["promotion_requests"] = Json::array();
  for (const auto& r : record.promotion_requests)
    json["promotion_requests"].push_back({{"by", r.by}, {"reason", r.reason}, {"override", r.override_gate}});
  json["last_sequence"] = record.last;
  return text_of(json);
}

std::string environments_document(const std::vector<EnvironmentSummary>& environments) {
  Json list = Json::array();
  for (const auto& e : environments) {
    list.push_back({{"id", e.id},
                    {"run", to_string(e.run)},
                    {"stage", e.stage},
                    {"provisioner", e.provisioner},
                    {"status", to_string(e.status)},
                    {"keep", e.keep},
                    {"created_at", when(e.created)},
                    {"expires_at", when(e.expires)},
                    {"ports", Json(e.ports)},
                    {"destroy_tries", e.destroy_tries},
                    {"problem", e.problem}});
  }
  return text_of({{"environments", std::move(list)}});
}

namespace {

// An attempt's nonce is what its records are known by: nobody is told it, its steps' neighbours least of all.
std::string event_json(const Event& event) {
  const auto* started = std::get_if<StageStarted>(&event);
  if (started == nullptr || started->nonce.empty()) return to_json(event);
  auto told = *started;
  told.nonce.clear();
  return to_json(told);
}

}  // namespace

std::string row_document(const Row& row) {
  // The event is JSON already, and on one line: it is put in as it is.
  return "{\"sequence\":" + std::to_string(row.sequence) + ",\"at\":\"" + iso_time(row.at) + "\",\"type\":\"" +
         type_of(row.event) + "\",\"event\":" + event_json(row.event) + "}";
}

std::string rows_document(const std::vector<Row>& rows, bool more) {
  std::string text = "{\"events\":[";
  for (const auto& row : rows) text += (text.back() == '[' ? "" : ",") + row_document(row);
  return text + "],\"more\":" + (more ? "true" : "false") + "}\n";
}

std::string accepted_document(std::int64_t sequence) {
  return text_of({{"accepted", true}, {"sequence", sequence}});
}

std::string requested_document(const RunId& run) {
  return text_of({{"id", to_string(run)}, {"repository", run.repository}, {"number", run.number}});
}

}  // namespace quietgate
