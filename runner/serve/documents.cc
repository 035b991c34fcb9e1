#include "runner/serve/documents.h"

#include <nlohmann/json.hpp>

namespace quietgate {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
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
                    {"sentence", c.sentence}});
  }
  return json;
}

Json gate(const std::optional<GateJudgement>& of) {
  if (!of) return nullptr;
  Json proofs = Json::array();
  for (const auto& p : of->proofs) {
    proofs.push_back({{"id", p.id}, {"name", p.name}, {"verdict", to_string(p.verdict)}, {"detail", p.detail}});
  }
  return {{"verdict", to_string(of->verdict)},
          {"sentence", of->sentence},
          {"proofs", std::move(proofs)},
          {"window", window(of->window)}};
}

Json tests(const std::optional<TestCounts>& of) {
  if (!of) return nullptr;
  return {{"passed", of->passed}, {"failed", of->failed}, {"skipped", of->skipped}};
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
  return json;
}

Json approval(const StageRecord& stage) {
  if (!stage.awaited && stage.approvals.empty()) return nullptr;
  Json json{{"awaited_at", stage.awaited ? when(*stage.awaited) : Json(nullptr)}, {"message", stage.approval_message}};
  json["decisions"] = Json::array();
  for (const auto& given : stage.approvals)
    json["decisions"].push_back({{"granted", given.granted}, {"by", given.by}, {"reason", given.reason}});
  return json;
}

Json promotion(const StageRecord& stage) {
  if (!stage.intent && !stage.promoted && stage.refused.empty()) return nullptr;
  Json json{{"promoted", stage.promoted.has_value()}, {"refused", stage.refused}};
  if (stage.intent) {
    json["branch"] = stage.intent->branch;
    json["from"] = stage.intent->from;
    json["to"] = stage.intent->to;
    json["by"] = stage.intent->by;
    json["reason"] = stage.intent->reason;
    json["overrode"] = stage.intent->overrode;
  }
  return json;
}

Json stage(const RunRecord& record, const StageSpec& spec, const LiveProgress& progress) {
  static const StageRecord nothing;
  const auto& state = record.state.stages.at(spec.name);
  const auto* known = record.stage(spec.name);
  const auto& seen = known != nullptr ? *known : nothing;
  const bool ended = state.status == StageStatus::finished || state.status == StageStatus::skipped;
  Json json{{"name", spec.name},
            {"kind", kind_of(spec.body)},
            {"needs", spec.needs},
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
  json["progress"] = nullptr;
  if (!ended && state.attempt > 0 && progress) {
    auto live = Json::parse(progress(spec.name, state.attempt), nullptr, false);
    if (live.is_object()) json["progress"] = std::move(live);
  }
  return json;
}

Json environment(const EnvironmentRecord& e) {
  Json json{{"id", e.id},         {"stage", e.stage}, {"provisioner", e.provisioner}, {"status", e.status},
            {"detail", e.detail}, {"keep", e.keep},   {"expires_at", when(e.expires)}};
  json["ports"] = Json(e.ports);
  return json;
}

Json summary(const RunSummary& run) {
  const bool over = run.status == "finished";
  return {{"id", to_string(run.id)},
          {"repository", run.id.repository},
          {"number", run.id.number},
          {"branch", run.branch},
          {"commit", run.commit},
          {"cause", run.cause},
          {"status", run.status},
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
  run.status = to_string(state.status);
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

std::string runs_document(const std::vector<RunSummary>& runs, std::size_t limit) {
  Json list = Json::array();
  for (const auto& run : runs) list.push_back(summary(run));
  return text_of({{"runs", std::move(list)},
                  {"next_before", !runs.empty() && runs.size() >= limit ? Json(runs.back().first) : Json(nullptr)}});
}

std::string run_document(const RunRecord& record, const LiveProgress& progress) {
  const auto& state = record.state;
  auto json = summary(summary_of(state));
  json["pipeline"] = state.plan ? Json(state.plan->name) : Json(nullptr);
  json["plan_hash"] = state.plan ? Json(state.plan->hash) : Json(nullptr);
  json["diagnostics"] = state.diagnostics;
  json["cancel"] = state.cancel ? Json{{"by", state.cancel->by}, {"cause", state.cancel->cause}} : Json(nullptr);
  json["stages"] = Json::array();
  if (state.plan) {
    for (const auto& spec : state.plan->stages) json["stages"].push_back(stage(record, spec, progress));
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
                    {"status", e.status},
                    {"keep", e.keep},
                    {"created_at", when(e.created)},
                    {"expires_at", when(e.expires)},
                    {"ports", Json(e.ports)},
                    {"destroy_tries", e.destroy_tries},
                    {"problem", e.problem}});
  }
  return text_of({{"environments", std::move(list)}});
}

std::string row_document(const Row& row) {
  // The event is JSON already, and on one line: it is put in as it is.
  return "{\"sequence\":" + std::to_string(row.sequence) + ",\"at\":\"" + iso_time(row.at) + "\",\"type\":\"" +
         type_of(row.event) + "\",\"event\":" + to_json(row.event) + "}";
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
