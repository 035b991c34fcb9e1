// A promote stage in fake time, with a fake Git and Prometheus.
#pragma once

#include "stages/promote/promote.h"

#include <gmock/gmock.h>

#include "stages/approve/approve.h"
#include "tests/support/fake_git.h"
#include "tests/support/gate_prometheus.h"
#include "tests/support/specs.h"
#include "tests/support/stage_bench.h"

namespace quietgate {

inline const CommitId base(40, '0');
inline const CommitId tested(40, 'a');
inline const CommitId others(40, 'b');

struct PromoteWorld {
  StageBench bench;
  FakeGit git;
  GatePrometheus prometheus{bench.clock};
  PromoteSpec spec;
  std::map<std::string, StageOutcome> finished;
  int attempt = 1;
  bool dry_run = false;
  const Sealer* sealer = nullptr;
  std::vector<std::string> secrets;

  PromoteWorld() {
    spec.branch = "production";
    git.commits[base] = {};
    git.commits[tested] = {base, {}};
    git.commits[others] = {base, {}};
    git.remote["production"] = base;
    finished["load"].window = Window{bench.clock.now(), bench.clock.now() + Milliseconds{10'000}};
  }
  void add_gate() {
    bench.write("checkout/a.yml", GatePrometheus::rules_file);
    spec.gate = GateSpec{"http://p:9090", {"*.yml"}, {"load"}, Milliseconds{0}, {}};
  }
  void happened(Event event) { bench.journal.rows.push_back({bench.journal.last() + 1, bench.clock.now(), event}); }
  StageRequest request() {
    bench.history = bench.journal.rows;
    auto request = bench.request(spec, "production");
    request.secrets = secrets;
    request.branch = "main";
    request.attempt = attempt;
    request.finished = finished;
    return request;
  }
  StageOutcome run() {
    PromoteStage stage(git, prometheus, bench.clock, {dry_run, sealer, nullptr});
    return bench.await(stage.run(request()));
  }
  std::vector<std::string> events() const {
    std::vector<std::string> types;
    for (const auto& row : bench.journal.rows) types.emplace_back(type_of(row.event));
    return types;
  }
  template <class T>
  T last_event() const {
    return std::get<T>(bench.journal.rows.back().event);
  }
};

inline PromotionIntended intent(const CommitId& from = base) {
  return {{"sample", 7}, "production", 1, "production", from, tested, "", "", false};
}

}  // namespace quietgate
