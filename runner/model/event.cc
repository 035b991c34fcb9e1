#include "runner/model/event.h"

#include <type_traits>

#include "runner/model/plan_fields.h"

namespace quietgate {

template <>
struct Names<RefMoved::Kind> {
  static constexpr NameList<RefMoved::Kind, 5> value{{{RefMoved::Kind::created, "created"},
                                                      {RefMoved::Kind::moved, "moved"},
                                                      {RefMoved::Kind::forced, "forced"},
                                                      {RefMoved::Kind::deleted, "deleted"},
                                                      {RefMoved::Kind::first_seen, "first_seen"}}};
};

template <>
struct Codec<FrozenPlan> {
  static void encode(std::string& out, const FrozenPlan& plan) { quietgate::encode(out, *plan); }
  static void decode(const JsonValue& json, FrozenPlan& plan) {
    Plan read;
    quietgate::decode(json, read);
    plan = std::move(read);
  }
};

template <class A>
void fields(A& a, Sequences& v) {
  a("from", v.from);
  a("to", v.to);
}

template <class A>
void fields(A& a, Rollback& v) {
  a("of", v.of);
  a("branch", v.branch);
  a("from", v.from);
  a("by", v.by);
  a("reason", v.reason);
}

namespace {

template <class A>
void fields(A& a, RepositoryWatched& v) {
  a("repository", v.repository);
  a("url", v.url);
}
template <class A>
void fields(A& a, RefMoved& v) {
  a("repository", v.repository);
  a("branch", v.branch);
  a("from", v.from);
  a("to", v.to);
  a("kind", v.kind);
}
template <class A>
void fields(A& a, RunRequested& v) {
  a("run", v.run);
  a("branch", v.branch);
  a("commit", v.commit);
  a("cause", v.cause);
  if (!A::writes || v.rollback.wanted()) a.later("rollback", v.rollback);
}
template <class A>
void fields(A& a, RunSkipped& v) {
  a("repository", v.repository);
  a("branch", v.branch);
  a("commit", v.commit);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, PlanCompiled& v) {
  a("run", v.run);
  a("plan", v.plan);
}
template <class A>
void fields(A& a, PlanRejected& v) {
  a("run", v.run);
  a("diagnostics", v.diagnostics);
  a("outcome", v.outcome);
}
template <class A>
void fields(A& a, StageStarted& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("attempt", v.attempt);
  if (!A::writes || !v.boot.empty()) a.later("boot", v.boot);
  if (!A::writes || !v.nonce.empty()) a.later("nonce", v.nonce);
  if (!A::writes || !v.isolation.empty()) a.later("isolation", v.isolation);
}
template <class A>
void fields(A& a, StageFinished& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("attempt", v.attempt);
  a("outcome", v.outcome);
}
template <class A>
void fields(A& a, StageSkipped& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("reason", v.reason);
  a("by_condition", v.by_condition);
}
template <class A>
void fields(A& a, EnvironmentPlanned& v) {
  a("environment", v.environment);
  a("run", v.run);
  a("stage", v.stage);
  a("provisioner", v.provisioner);
  a("keep", v.keep);
  a("expires", v.expires);
  a("ports", v.ports);
}
template <class A>
void fields(A& a, EnvironmentReady& v) {
  a("environment", v.environment);
  a("run", v.run);
}
template <class A>
void fields(A& a, EnvironmentDestroyed& v) {
  a("environment", v.environment);
  a("run", v.run);
  a("cause", v.cause);
}
template <class A>
void fields(A& a, EnvironmentNotDestroyed& v) {
  a("environment", v.environment);
  a("run", v.run);
  a("reason", v.reason);
  a("tries", v.tries);
}
template <class A>
void fields(A& a, EnvironmentDestroyRequested& v) {
  a("environment", v.environment);
  a("run", v.run);
  a("by", v.by);
}
template <class A>
void fields(A& a, ApprovalAwaited& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("message", v.message);
  if (!A::writes || v.expires != Time{}) a.later("expires", v.expires);
}
template <class A>
void fields(A& a, ApprovalGiven& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("by", v.by);
  a("reason", v.reason);
  a("granted", v.granted);
}
template <class A>
void fields(A& a, GateJudged& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("attempt", v.attempt);
  a("judgement", v.judgement);
}
template <class A>
void fields(A& a, PromotionIntended& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("attempt", v.attempt);
  a("branch", v.branch);
  a("from", v.from);
  a("to", v.to);
  a("by", v.by);
  a("reason", v.reason);
  a("overrode", v.overrode);
  a.later("rollback", v.rollback);
}
template <class A>
void fields(A& a, CommitPromoted& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("branch", v.branch);
  a("from", v.from);
  a("to", v.to);
  a.later("rollback", v.rollback);
}
template <class A>
void fields(A& a, PromotionRefused& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("branch", v.branch);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, EvidenceSealed& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("commit", v.commit);
  a("envelope", v.envelope);
}
template <class A>
void fields(A& a, EvidencePublished& v) {
  a("run", v.run);
  a("stage", v.stage);
  a("commit", v.commit);
}
template <class A>
void fields(A& a, CancelRequested& v) {
  a("run", v.run);
  a("by", v.by);
  a("cause", v.cause);
  if (!A::writes || v.superseded_by.number > 0) a.later("superseded_by", v.superseded_by);
}
template <class A>
void fields(A& a, EnvironmentExtended& v) {
  a("environment", v.environment);
  a("run", v.run);
  a("expires", v.expires);
}
template <class A>
void fields(A& a, RunInterrupted& v) {
  a("run", v.run);
}
template <class A>
void fields(A& a, PromotionRequested& v) {
  a("run", v.run);
  a("by", v.by);
  a("reason", v.reason);
  a("override_gate", v.override_gate);
}
template <class A>
void fields(A& a, RunFinished& v) {
  a("run", v.run);
  a("outcome", v.outcome);
  a("reason", v.reason);
}
template <class A>
void fields(A& a, ServiceStarted& v) {
  a("version", v.version);
}
template <class A>
void fields(A& a, ServiceStopped& v) {
  a("cause", v.cause);
}
template <class A>
void fields(A& a, RowsLost& v) {
  a("rows", v.rows);
  a("reason", v.reason);
  if (!A::writes || !v.runs.empty()) a.later("runs", v.runs);
}
template <class A>
void fields(A& a, RunExpired& v) {
  a("run", v.run);
  a("commit", v.commit);
  a("outcome", v.outcome);
  a("rows", v.rows);
}

constexpr std::array<const char*, std::variant_size_v<Event>> type_names{"RefMoved",
                                                                         "RunRequested",
                                                                         "RunSkipped",
                                                                         "PlanCompiled",
                                                                         "PlanRejected",
                                                                         "StageStarted",
                                                                         "StageFinished",
                                                                         "StageSkipped",
                                                                         "EnvironmentPlanned",
                                                                         "EnvironmentReady",
                                                                         "EnvironmentDestroyed",
                                                                         "EnvironmentNotDestroyed",
                                                                         "ApprovalAwaited",
                                                                         "ApprovalGiven",
                                                                         "GateJudged",
                                                                         "PromotionIntended",
                                                                         "CommitPromoted",
                                                                         "PromotionRefused",
                                                                         "CancelRequested",
                                                                         "PromotionRequested",
                                                                         "RunFinished",
                                                                         "ServiceStarted",
                                                                         "ServiceStopped",
                                                                         "RepositoryWatched",
                                                                         "EnvironmentDestroyRequested",
                                                                         "RowsLost",
                                                                         "RunExpired",
                                                                         "EvidenceSealed",
                                                                         "EvidencePublished",
                                                                         "EnvironmentExtended",
                                                                         "RunInterrupted"};

template <std::size_t I>
bool read_as(const std::string& type, const JsonValue& json, Event& event) {
  if (type != type_names[I]) return false;
  std::variant_alternative_t<I, Event> value;
  Reader reader(json);
  fields(reader, value);
  event = std::move(value);
  return true;
}

template <std::size_t... I>
bool read_any(const std::string& type, const JsonValue& json, Event& event, std::index_sequence<I...>) {
  return (read_as<I>(type, json, event) || ...);
}

}  // namespace

const char* type_of(const Event& event) {
  return type_names[event.index()];
}

RunId run_of(const Event& event) {
  return std::visit(
      [](const auto& e) -> RunId {
        if constexpr (requires { e.run; }) {
          return e.run;
        } else {
          return {};
        }
      },
      event);
}

std::string repository_of(const Event& event) {
  return std::visit(
      [](const auto& e) -> std::string {
        if constexpr (requires { e.repository; }) {
          return e.repository;
        } else if constexpr (requires { e.run; }) {
          return e.run.repository;
        } else {
          return {};
        }
      },
      event);
}

std::string to_json(const Event& event) {
  return std::visit(
      [](const auto& e) {
        Writer writer;
        fields(writer, const_cast<std::remove_cvref_t<decltype(e)>&>(e));
        std::string text;
        writer.finish(text);
        return text;
      },
      event);
}

Result<Event> event_from_json(const std::string& type, const std::string& payload) {
  try {
    Event event;
    const JsonTree json(payload);
    if (!read_any(type, json.root(), event, std::make_index_sequence<std::variant_size_v<Event>>{})) {
      return infrastructure_error("the journal has an event of the unknown type `" + type + "`",
                                  "it was written by a newer version of quietgate: run that version");
    }
    return event;
  } catch (const std::exception& error) {
    return infrastructure_error("a journal row of type " + type + " can't be read: " + error.what());
  }
}

}  // namespace quietgate
