// The plan: a pipeline compiled for one commit. Strings marked (template) may still hold `${{ ... }}` with names that
// are only known while the run goes (stages.*.outputs.*, ports.*, apply.*, secrets.*); runner/model/expression.h
// resolves them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runner/model/stage_traits.h"
#include "runner/model/types.h"

namespace quietgate {

// `<= 250` : a bound that an observed number must hold. Values are in the unit of the thing bounded: ratios as
// fractions, durations in milliseconds, rates per second.
struct Bound {
  enum class Relation { less, less_equal, greater, greater_equal, equal, not_equal };
  Relation relation = Relation::less_equal;
  double value = 0;
  std::string text;                   // as the user wrote it, for sentences: `<= 250ms`
  bool holds(double observed) const;  // NaN never holds
  bool operator==(const Bound&) const = default;
};

using Environment = std::map<std::string, std::string>;  // values are (template)

struct Command {
  std::string shell;                     // (template) given to the interpreter; empty when argv is used
  std::vector<std::string> argv;         // (template) executed as is
  std::string directory;                 // (template) relative to the checkout; empty: its root
  std::vector<std::string> interpreter;  // of `shell`, which becomes its last argument; empty: the default
  bool operator==(const Command&) const = default;
};

struct TestSpec {
  std::vector<Command> commands;       // run one after another; the first that fails ends the stage
  std::string junit;                   // (template) glob of JUnit XML files, relative to the checkout; empty: none
  std::vector<std::string> artifacts;  // (template) globs of files to keep, relative to the checkout
  bool operator==(const TestSpec&) const = default;
};

struct ReadyCheck {
  std::string http;     // (template) URL that must answer 2xx
  std::string tcp;      // (template) host:port that must accept
  std::string command;  // (template) shell command that must exit 0
  Milliseconds within{30'000};
  std::vector<std::string> interpreter;  // of `command`, as in Command
  bool operator==(const ReadyCheck&) const = default;
};

struct ServiceSpec {
  std::string name;
  Command command;
  Environment environment;
  std::optional<ReadyCheck> ready;
  std::vector<std::string> needs;  // services that must be ready first
  bool operator==(const ServiceSpec&) const = default;
};

struct ProcessesSpec {
  std::vector<ServiceSpec> services;  // in start order (needs resolved)
  bool operator==(const ProcessesSpec&) const = default;
};

struct TerraformSpec {
  std::string directory;                         // (template) root module, relative to the checkout
  std::map<std::string, std::string> variables;  // (template)
  bool operator==(const TerraformSpec&) const = default;
};

// What a provisioner is to make that this room knows nothing of: only the provisioner reads it.
struct OpenProvisioner {
  std::string name;           // as in the file, below `apply`
  std::string json;           // an object, canonical: one line, keys in order. Every text in it is (template)
  bool more_outputs = false;  // it answers outputs that the file need not declare
  bool operator==(const OpenProvisioner&) const = default;
};

using ProvisionerSpec = std::variant<ProcessesSpec, TerraformSpec, OpenProvisioner>;

// What an alert of the gate does to a load during which it begins to fire.
enum class OnAlert { end_load, go_on };

struct GateSpec {
  std::string prometheus;                      // (template)
  std::vector<std::string> rules;              // (template) globs of rule files, relative to the checkout
  std::vector<std::string> during;             // stages whose windows are joined
  Milliseconds quiet_for{0};                   // and for this long after the last of them ended
  std::vector<std::string> layers;             // every named layer must have a live rule
  std::map<std::string, std::string> waivers;  // proofs (P1 to P10) that need not hold, each with the reason
  OnAlert on_alert = OnAlert::end_load;
  std::string alertmanager;  // (template) base URL, to tell what would have been muted; empty: none
  // Where an Alertmanager delivers its watchdog alert (POST /api/v1/watchdogs/NAME), and how old the last delivery may
  // be when the gate judges; empty: not asked.
  std::string watchdog;
  Milliseconds watchdog_within{0};
  bool operator==(const GateSpec&) const = default;
};

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

// Spans of time are from the begin of the load but for settle_within (from its end) and ready_within (from the
// decision).
struct AutoscalingExpectation {
  std::optional<double> reach;  // replicas
  Milliseconds within{60'000};  // from the start of the load
  std::optional<double> never_above;
  std::optional<double> settle_at;
  Milliseconds settle_within{300'000};        // from the end of the load
  std::optional<Bound> reversals;             // changes of direction
  std::optional<Milliseconds> decide_within;  // until more replicas are desired than there were
  std::optional<Milliseconds> ready_within;   // until as many are ready as `reach` says
  std::optional<Bound> failure_ratio;         // of the requests between the decision and the reach
  std::optional<Bound> p95;                   // likewise, milliseconds
  std::optional<double> per_replica;  // least throughput of a replica after the reach, as a share of that before
  bool operator==(const AutoscalingExpectation&) const = default;
};

struct AutoscalingSpec {
  std::string prometheus;          // (template) base URL
  std::string query;               // (template) PromQL that gives one number: ready replicas
  std::string desired;             // (template) likewise: replicas that the autoscaler wants; empty: not known
  std::optional<Command> command;  // instead of all three: prints the ready replicas, and after them the desired ones
  AutoscalingExpectation expect;
  bool operator==(const AutoscalingSpec&) const = default;
};

// A part of a load's course: users of a closed model, or arrivals of an open one.
struct LoadPhase {
  Milliseconds duration{0};
  int users = 0;            // at its end; 0: the phase has arrivals
  double spawn_rate = 0;    // users started or stopped a second
  double arrivals = 0;      // tasks begun a second at its begin
  double arrivals_end = 0;  // and at its end, linear in between
  bool operator==(const LoadPhase&) const = default;
};

// What a load is compared with.
struct LoadBaseline {
  std::vector<std::string> measures;  // of p50, p95, p99, failure_ratio, requests_per_second
  double margin = 0.1;                // a shift up to this share of the baseline's median is no regression
  std::string host;  // (template) another service, loaded in turns; empty: the loads of promoted commits
  bool operator==(const LoadBaseline&) const = default;
};

// Processes that generate the load together.
struct LoadWorkers {
  int count = 0;     // 0: one process without a master
  std::string join;  // (template) host:port at which workers of elsewhere join; empty: they are started here
  bool operator==(const LoadWorkers&) const = default;
};

struct LoadSpec {
  std::string locustfile;          // (template) relative to the checkout; empty: another source
  std::string k6;                  // (template) a k6 script, relative to the checkout; empty: another source
  std::optional<Command> command;  // writes a line for each request; none: another source
  std::string host;                // (template)
  int users = 1;                   // the most at once
  double spawn_rate = 1;           // users per second
  std::vector<LoadPhase> phases;   // empty: `users` for the whole duration
  Milliseconds duration{30'000};
  Milliseconds warm_up{0};  // cut off before percentiles and rates are judged; failures count from the start
  std::map<std::string, Bound> expect;  // failure_ratio, p50, p90, p95, p99, mean, max, requests_per_second, requests
  std::map<std::string, std::map<std::string, Bound>> endpoints;  // likewise, by request: `GET /`
  LoadWorkers workers;
  int repeat = 1;  // loads one after another, each judged; with a baseline also compared
  std::optional<LoadBaseline> baseline;
  std::optional<AutoscalingSpec> autoscaling;
  bool operator==(const LoadSpec&) const = default;
};

struct MetricCheck {
  std::string name;
  std::string query;  // (template)
  Bound expect;       // must hold at every sample of the window
  bool operator==(const MetricCheck&) const = default;
};

struct VerifySpec {
  std::string prometheus;  // (template)
  std::string during;      // name of the load stage whose window is judged; empty: the `last` span before now
  Milliseconds last{60'000};
  Milliseconds step{1'000};
  std::vector<MetricCheck> checks;
  bool operator==(const VerifySpec&) const = default;
};

enum class Approval { none, manual };

struct PromoteSpec {
  std::string branch;  // (template) short name of the production branch
  std::optional<GateSpec> gate;
  Approval approval = Approval::none;
  CommitId back_from;  // of a rollback: what the branch must be at, to be put back to the run's commit; else empty
  std::string approval_message;                // (template) shown to the person who decides; empty: the usual question
  Milliseconds approval_expires{259'200'000};  // three days, from the question on
  bool operator==(const PromoteSpec&) const = default;
};

struct ApproveSpec {
  std::string message;                // (template) shown to the person who decides
  Milliseconds expires{259'200'000};  // three days, from the question on
  bool operator==(const ApproveSpec&) const = default;
};

// A drill: something is broken on purpose, and these alerts must tell of it.
struct FaultSpec {
  Command command;                  // breaks it: until the drill ends it, or by itself (then with exit status 0)
  std::optional<Command> undo;      // mends it again, also when the drill fails
  std::string prometheus;           // (template)
  std::vector<std::string> alerts;  // each must begin to fire
  Milliseconds within{60'000};      // from the begin of the fault
  Milliseconds resolved_within{0};  // from its end, until all of them are over; 0: not waited for
  bool operator==(const FaultSpec&) const = default;
};

// What a stage of a kind is to do that this room knows nothing of: only the kind reads it.
struct OpenSpec {
  std::string kind;    // its name, as in the file
  std::string json;    // an object, canonical: one line, keys in order. Every text in it is (template)
  StageTraits traits;  // the kind's, when the plan was compiled
  bool operator==(const OpenSpec&) const = default;
};

using StageBody =
    std::variant<TestSpec, ApplySpec, LoadSpec, VerifySpec, PromoteSpec, ApproveSpec, FaultSpec, OpenSpec>;

const char* name_of(const ProvisionerSpec& provisioner);  // as in the file; as long as the spec
bool more_outputs(const ProvisionerSpec& provisioner);    // it answers outputs that the file need not declare

enum class RetryWhen { infrastructure, failed, inconclusive, timeout };

struct RetryPolicy {
  int attempts = 1;  // in all, the first included
  std::vector<RetryWhen> when{RetryWhen::infrastructure};
  bool operator==(const RetryPolicy&) const = default;
};

struct StageSpec {
  std::string name;
  std::vector<std::string> needs;
  std::string condition;  // `if:` without the `${{ }}`; empty: run when every need passed. One that names no status
                          // function (`always()`, ...) is only asked when every need passed
  StageBody body;
  Environment environment;  // the pipeline's and the stage's, merged
  Milliseconds timeout{3'600'000};
  RetryPolicy retry;
  bool continue_on_error = false;
  std::string lock;               // of the service, across repositories; empty: none
  std::vector<std::string> from;  // stages whose artifacts are put into this one's tree; each is among those before it
  bool waives_order = false;      // `needs: []` was written: it may act before the file's tests have passed
  std::string left_out;           // why this run does not begin it; empty: it does
  bool operator==(const StageSpec&) const = default;
};

// The gate of a `promote` stage, or of what an `apply` stage watches; nullptr: it has none.
const GateSpec* gate_of(const StageSpec& stage);

// The stages whose windows the stage judges: `during` of its gate, or of its checks.
std::vector<std::string> judges(const StageSpec& stage);

const char* kind_of(const StageBody& body);  // `test`, `apply`, ...; as long as the body
StageTraits traits_of(const StageBody& body);
StageTraits traits_of(const StageSpec& stage);

enum class Concurrency { queue, supersede, parallel };

struct Plan {
  int version = 1;
  std::string name;
  RunId run;
  CommitId commit;
  std::string branch;
  Concurrency concurrency = Concurrency::supersede;
  Milliseconds timeout{3'600'000};   // of the whole run
  std::vector<std::string> secrets;  // names only
  std::vector<StageSpec> stages;     // in an order in which every need comes before its user
  std::string hash;                  // lower-case hex SHA-256 of the canonical JSON without this field
  bool operator==(const Plan&) const = default;

  const StageSpec* find(const std::string& stage) const;  // nullptr when there is none
};

// A plan that changes no more: copies share it. One of 1 MiB takes some 10 MB.
class FrozenPlan {
 public:
  FrozenPlan() = default;                                                          // none: reads as an empty plan
  FrozenPlan(Plan plan) : plan_(std::make_shared<const Plan>(std::move(plan))) {}  // NOLINT: a plan may stand for it
  explicit operator bool() const { return plan_ != nullptr; }
  const Plan& operator*() const;
  const Plan* operator->() const { return &**this; }

 private:
  std::shared_ptr<const Plan> plan_;
};

}  // namespace quietgate
