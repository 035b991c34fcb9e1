// What an `apply` stage is to do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/base/time.h"
#include "runner/model/gate_spec.h"
#include "runner/model/stage_body.h"
#include "stages/environments/contract/provisioner_spec.h"

namespace quietgate {

// What an alert does that begins to fire after the release.
enum class AfterRelease { roll_back, fail };

// The gate once more, on what was released.
struct WatchSpec {
  GateSpec gate;                   // without `during` and `quiet_for`
  Milliseconds duration{300'000};  // from the moment in which the environment is ready
  AfterRelease on_alert = AfterRelease::roll_back;
  bool operator==(const WatchSpec&) const = default;
};

struct ApplySpec {
  std::vector<std::string> ports;  // names; the runner picks a free loopback port for each: `${{ ports.NAME }}`
  ProvisionerSpec provisioner;
  std::map<std::string, std::string> outputs;  // (template) declared outputs; Terraform's own are added to them
  Milliseconds time_to_live{3'600'000};        // measured from creation; ignored when keep
  bool keep = false;                           // not ephemeral: survives the run and is updated in place by the next
  std::optional<WatchSpec> watch;              // only with keep
  bool operator==(const ApplySpec&) const = default;
};

template <>
struct Names<AfterRelease> {
  static constexpr NameList<AfterRelease, 2> value{
      {{AfterRelease::roll_back, "rollback"}, {AfterRelease::fail, "fail"}}};
};
template <class A>
void fields(A& a, WatchSpec& v) {
  a("gate", v.gate);
  a("for", v.duration);
  a("on_alert", v.on_alert);
}
template <class A>
void fields(A& a, ApplySpec& v) {
  a("ports", v.ports);
  a("provisioner", v.provisioner);
  a("outputs", v.outputs);
  a("time_to_live", v.time_to_live);
  a("keep", v.keep);
  // What older plans could not have is left out when there is none: they keep the hashes they had.
  if (!A::writes || v.watch) a.later("watch", v.watch);
}

StageBody body_of(const ApplySpec& spec);
// Of the stage while it watches: the gate is its own, and the window is the one that it now is in.
StageBody watching_body(const WatchSpec& watch);

}  // namespace quietgate
