// What changes something: look at the rows, append one event.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <nlohmann/json.hpp>

#include "runner/api/api_asked.h"
#include "runner/model/rollback.h"

namespace quietgate {

namespace {

constexpr std::size_t text_limit = 2000;
constexpr std::size_t searched_runs = 1000;

bool is_printable(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string actor_of(const ApiRequest& request) {
  const bool named = !request.actor.empty() && request.actor.size() <= 100 && is_printable(request.actor);
  return named ? request.actor : "somebody with the token";
}

// The body's object with these fields only, or why it is none.
struct Body {
  nlohmann::json json = nlohmann::json::object();
  std::string problem;

  std::string text(const char* key) {
    auto found = json.find(key);
    if (found == json.end() || found->is_null()) return {};
    if (!found->is_string()) {
      problem = std::string("`") + key + "` is a string";
      return {};
    }
    auto value = found->get<std::string>();
    if (value.size() > text_limit || !is_printable(value))
      problem = std::string("`") + key + "` is one line of at most " + std::to_string(text_limit) + " bytes";
    return value;
  }
  void need_reason(const std::string& reason) {
    if (problem.empty() && std::all_of(reason.begin(), reason.end(), [](unsigned char c) { return c == ' '; }))
      problem = "`reason` is needed: it is kept with the evidence";
  }
  bool flag(const char* key, bool otherwise) {
    auto found = json.find(key);
    if (found == json.end() || found->is_null()) return otherwise;
    if (!found->is_boolean()) problem = std::string("`") + key + "` is true or false";
    return found->is_boolean() && found->get<bool>();
  }
};

Body body_of(const ApiRequest& request, const std::vector<std::string>& keys) {
  Body body;
  if (request.body.empty()) return body;
  auto json = nlohmann::json::parse(request.body, nullptr, false);
  if (!json.is_object()) {
    body.problem = "the body is not a JSON object";
    return body;
  }
  for (const auto& [key, value] : json.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) body.problem = "the field `" + key + "` is not known";
  }
  body.json = std::move(json);
  return body;
}

Answer no_run(const RunId& run) {
  return error_answer(404, "there is no run " + to_string(run), "see `quietgate runs`");
}

bool same_commit(const CommitId& full, const std::string& given) {
  return given.size() >= 7 && full.rfind(given, 0) == 0;
}

Time system_time() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

// Whether the stage's last question was answered by nobody, or can't be any more.
bool expired(const StageState& stage, const StageRecord& record, Time now) {
  if (stage.status == StageStatus::awaiting_approval) return stage.asks_until != Time{} && now >= stage.asks_until;
  return stage.status == StageStatus::finished && stage.outcome.outcome == Outcome::cancelled && !stage.approval &&
         record.asked_until != Time{} && stage.finished >= record.asked_until;
}

}  // namespace

ApiResponse Api::append(Event event, int status, const std::function<std::string(std::int64_t)>& body) {
  auto appended = journal_.append({std::move(event)});
  if (!appended) return failed_answer(appended.error());
  return json_answer(body(*appended), status);
}

ApiResponse Api::start_run(RunRequested request, const std::string& repository, std::vector<Event> before) {
  auto number = catalog_.next_number(repository);
  if (!number) return failed_answer(number.error());
  const RunId run{repository, *number};
  request.run = run;
  before.emplace_back(std::move(request));
  auto appended = journal_.append(std::move(before));
  if (!appended) return failed_answer(appended.error());
  auto answer = json_answer(requested_document(run), 201);
  answer.headers.emplace_back("Location", "/api/v1/runs/" + to_string(run));
  return answer;
}

ApiResponse Api::request_run(const Asked& asked) {
  auto body = body_of(asked.request, {"repository", "branch", "commit"});
  const auto repository = body.text("repository");
  auto branch = body.text("branch");
  auto commit = body.text("commit");
  if (body.problem.empty() && (repository.empty() || (branch.empty() && commit.empty())))
    body.problem = "`repository` and one of `branch` and `commit` are needed";
  if (!body.problem.empty()) return error_answer(400, body.problem);
  const auto& known = options_.repositories;
  if (std::none_of(known.begin(), known.end(), [&](const auto& r) { return r.name == repository; }))
    return error_answer(404, "the repository `" + repository + "` is not watched", "see GET /api/v1/repositories");

  auto branches = catalog_.branches(repository);
  if (!branches) return failed_answer(branches.error());
  if (!branch.empty() && !branches->contains(branch))
    return error_answer(404, "branch `" + branch + "` of " + repository + " was not seen", "push it first");
  if (commit.empty()) commit = branches->at(branch);
  // A commit is only run for a branch that it is known to belong to: a branch may have rights.
  for (const auto& [name, head] : *branches) {
    if (same_commit(head, commit) && (branch.empty() || branch == name))
      return start_run({{}, name, head, "requested by " + actor_of(asked.request), {}}, repository, {});
  }
  auto runs = catalog_.runs(repository, searched_runs);
  if (!runs) return failed_answer(runs.error());
  for (const auto& run : *runs) {
    if (same_commit(run.commit, commit) && (branch.empty() || branch == run.branch))
      return start_run({{}, run.branch, run.commit, "requested by " + actor_of(asked.request), {}}, repository, {});
  }
  return error_answer(409, "commit `" + commit + "` is neither the head of a watched branch nor one of an earlier run",
                      "push it to a watched branch; a commit is named by at least 7 digits");
}

ApiResponse Api::cancel(const Asked& asked) {
  auto body = body_of(asked.request, {"reason"});
  const auto reason = body.text("reason");
  if (!body.problem.empty()) return error_answer(400, body.problem);
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return no_run(asked.run);
  const auto& record = (*kept)->record;
  if (record.over()) {
    return error_answer(409, "run " + to_string(asked.run) + " has ended already: " + to_string(record.state.outcome));
  }
  if (record.state.cancel) return json_answer(accepted_document(record.last), 202);
  const auto by = actor_of(asked.request);
  const auto cause = "cancelled by " + by + (reason.empty() ? "" : ": " + reason);
  return append(CancelRequested{asked.run, by, cause}, 202, accepted_document);
}

ApiResponse Api::retry(const Asked& asked) {
  auto body = body_of(asked.request, {});
  if (!body.problem.empty()) return error_answer(400, body.problem);
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return no_run(asked.run);
  const auto& old = (*kept)->record.state;
  if (old.status != RunStatus::finished) {
    return error_answer(409, "run " + to_string(asked.run) + " has not ended yet",
                        "wait for it, or cancel it: `quietgate cancel " + to_string(asked.run) + "`");
  }
  return start_run(
      {{}, old.branch, old.commit, "retry of " + to_string(old.id) + " by " + actor_of(asked.request), old.rollback},
      old.id.repository, {});
}

ApiResponse Api::approve(const Asked& asked) {
  auto body = body_of(asked.request, {"granted", "reason"});
  const auto reason = body.text("reason");
  const bool granted = body.flag("granted", true);
  if (!body.json.contains("granted")) body.problem = "`granted` is needed: true or false";
  if (!body.problem.empty()) return error_answer(400, body.problem);
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return no_run(asked.run);
  const auto& stage = asked.names.at("stage");
  const auto& stages = (*kept)->record.state.stages;
  auto found = stages.find(stage);
  if (found == stages.end()) return error_answer(404, "run " + to_string(asked.run) + " has no stage `" + stage + "`");
  const auto* told = (*kept)->record.stage(stage);
  if (told != nullptr && expired(found->second, *told, options_.now ? options_.now() : system_time())) {
    const auto name = to_string(asked.run);
    const bool promotes = traits_of(*(*kept)->record.state.plan->find(stage)).promotes;
    return error_answer(
        409,
        "nobody answered the question of stage `" + stage + "` in time: it expired at " + iso_time(told->asked_until),
        promotes ? "promote it by hand when the run has ended: quietgate promote " + name + " --reason WHY"
                 : "test the commit anew, and it asks again: quietgate retry " + name);
  }
  if (found->second.status != StageStatus::awaiting_approval) {
    return error_answer(409, "stage `" + stage + "` does not wait for an approval: it is " +
                                 std::string(to_string(found->second.status)));
  }
  return append(ApprovalGiven{asked.run, stage, actor_of(asked.request), reason, granted}, 202, accepted_document);
}

ApiResponse Api::promote(const Asked& asked) {
  auto body = body_of(asked.request, {"reason", "override"});
  const auto reason = body.text("reason");
  const bool override_gate = body.flag("override", false);
  body.need_reason(reason);
  if (!body.problem.empty()) return error_answer(400, body.problem);
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return no_run(asked.run);
  const auto& record = (*kept)->record;
  const auto& state = record.state;
  const auto name = to_string(asked.run);
  if (!record.over())
    return error_answer(409, "run " + name + " has not ended yet", "wait for it; the gate may promote it by itself");
  if (state.cancel)
    return error_answer(409, "run " + name + " was cancelled", "retry it: `quietgate retry " + name + "`");
  const StageSpec* refused = nullptr;
  std::string why = "run " + name + " has no promote stage";
  const std::vector<StageSpec> no_stages;  // named: `refused` points into what is looked through
  const auto& stages = state.plan ? state.plan->stages : no_stages;
  for (const auto& spec : stages) {
    if (!traits_of(spec).promotes) continue;
    const auto& stage = state.stages.at(spec.name);
    if (stage.promoted || (stage.status == StageStatus::finished && stage.outcome.outcome == Outcome::passed)) {
      why = "run " + name + " was promoted already";
    } else if (stage.status == StageStatus::finished) {
      refused = &spec;
    } else {
      why = "stage `" + spec.name + "` of run " + name + " never ran: " + stage.outcome.reason;
    }
  }
  if (refused == nullptr) return error_answer(409, why, "see `quietgate show " + name + "`");
  const auto& gate = state.stages.at(refused->name).outcome.gate;
  if (gate && gate->verdict != GateVerdict::quiet && !override_gate) {
    return error_answer(409, std::string("the gate was ") + to_string(gate->verdict) + ": " + gate->sentence,
                        "mend that and push again, or promote against it with `--override`, which the evidence tells");
  }
  return append(PromotionRequested{asked.run, actor_of(asked.request), reason, override_gate}, 202, accepted_document);
}

ApiResponse Api::rollback(const Asked& asked) {
  auto body = body_of(asked.request, {"reason"});
  const auto reason = body.text("reason");
  body.need_reason(reason);
  if (!body.problem.empty()) return error_answer(400, body.problem);
  auto kept = this->kept(asked.run);
  if (!kept) return failed_answer(kept.error());
  if (*kept == nullptr) return no_run(asked.run);
  const auto& record = (*kept)->record;
  const auto by = actor_of(asked.request);
  auto request = rollback_request(record.state, 0, by, reason);
  if (!request) return error_answer(409, request.error().message, request.error().advice);
  // What it still deploys must not come after what is put back.
  std::vector<Event> before;
  if (!record.over() && !record.state.cancel)
    before.emplace_back(CancelRequested{asked.run, by, "rolled back by " + by + ": " + reason});
  return start_run(std::move(*request), asked.run.repository, std::move(before));
}

ApiResponse Api::destroy(const Asked& asked) {
  auto body = body_of(asked.request, {});
  if (!body.problem.empty()) return error_answer(400, body.problem);
  auto all = catalog_.environments();
  if (!all) return failed_answer(all.error());
  const auto& id = asked.names.at("environment");
  auto found = std::find_if(all->begin(), all->end(), [&](const auto& e) { return e.id == id; });
  if (found == all->end())
    return error_answer(404, "there is no environment `" + id + "`", "see `quietgate environments`");
  return append(EnvironmentDestroyRequested{id, found->run, actor_of(asked.request)}, 202, accepted_document);
}

}  // namespace quietgate
