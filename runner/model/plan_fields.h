// The fields of plans and outcomes, shared by the .cc files of core that turn them into JSON.
#pragma once

#include "runner/model/fields.h"
#include "runner/model/outcome.h"
#include "runner/model/plan.h"

namespace quietgate {

template <>
struct Names<RetryWhen> {
  static constexpr NameList<RetryWhen, 4> value{{{RetryWhen::infrastructure, "infrastructure"},
                                                 {RetryWhen::failed, "failed"},
                                                 {RetryWhen::inconclusive, "inconclusive"},
                                                 {RetryWhen::timeout, "timeout"}}};
};
template <>
struct Names<Concurrency> {
  static constexpr NameList<Concurrency, 3> value{
      {{Concurrency::queue, "queue"}, {Concurrency::supersede, "supersede"}, {Concurrency::parallel, "parallel"}}};
};
template <>
struct Names<Outcome> {
  static constexpr NameList<Outcome, 6> value{{{Outcome::passed, "passed"},
                                               {Outcome::failed, "failed"},
                                               {Outcome::inconclusive, "inconclusive"},
                                               {Outcome::error, "error"},
                                               {Outcome::cancelled, "cancelled"},
                                               {Outcome::skipped, "skipped"}}};
};
template <>
struct Names<GateVerdict> {
  static constexpr NameList<GateVerdict, 3> value{
      {{GateVerdict::quiet, "quiet"}, {GateVerdict::loud, "loud"}, {GateVerdict::blind, "blind"}}};
};

template <class A>
void fields(A& a, RunId& v) {
  a("repository", v.repository);
  a("number", v.number);
}
template <class A>
void fields(A& a, Window& v) {
  a("begin", v.begin);
  a("end", v.end);
}
template <class A>
void fields(A& a, Check& v) {
  a("name", v.name);
  a("expected", v.expected);
  a("observed", v.observed);
  a("outcome", v.outcome);
  a("sentence", v.sentence);
  if (!A::writes || v.warns) a.later("warns", v.warns);
}
template <class A>
void fields(A& a, Proof& v) {
  a("id", v.id);
  a("name", v.name);
  a("verdict", v.verdict);
  a("detail", v.detail);
  a.later("waived", v.waived);
}
template <class A>
void fields(A& a, GateJudgement& v) {
  a("verdict", v.verdict);
  a("sentence", v.sentence);
  a("proofs", v.proofs);
  a("window", v.window);
  a.later("rules", v.rules);
}
template <class A>
void fields(A& a, TestCounts& v) {
  a("passed", v.passed);
  a("failed", v.failed);
  a("skipped", v.skipped);
  if (!A::writes || v.flaky > 0) a.later("flaky", v.flaky);
}
template <class A>
void fields(A& a, ArtifactsKept& v) {
  a("files", v.files);
  a("bytes", v.bytes);
  a("sha256", v.sha256);
}
template <class A>
void fields(A& a, StageOutcome& v) {
  a("outcome", v.outcome);
  a("reason", v.reason);
  a("advice", v.advice);
  a("timed_out", v.timed_out);
  a("outputs", v.outputs);
  a("checks", v.checks);
  a("window", v.window);
  a("gate", v.gate);
  a("tests", v.tests);
  a.later("lost_environment", v.lost_environment);
  a.later("conclusive", v.conclusive);
  a.later("roll_back", v.roll_back);
  if (!A::writes || !v.measured.empty()) a.later("measured", v.measured);
  if (!A::writes || v.artifacts) a.later("artifacts", v.artifacts);
  if (!A::writes || !v.given.empty()) a.later("given", v.given);
  if (!A::writes || v.overtaken_by) a.later("overtaken_by", v.overtaken_by);
  if constexpr (!A::writes) {  // older rows have it as an output alone
    const auto now = v.outputs.find("overtaken_by");
    if (!v.overtaken_by && v.outcome == Outcome::failed && now != v.outputs.end()) v.overtaken_by = now->second;
  }
}

// In stage_body.cc.
template <>
struct Codec<StageBody> {
  static void encode(std::string& out, const StageBody& body);
  static void decode(const JsonValue& json, StageBody& body);
};

// The fields of a plan are in plan_json.cc.
template <>
struct Codec<Plan> {
  static void encode(std::string& out, const Plan& plan);
  static void decode(const JsonValue& json, Plan& plan);
};

}  // namespace quietgate
