// The plan: a pipeline compiled for one commit. Strings marked (template) may still hold `${{ ... }}` with names that
// are only known while the run goes (stages.*.outputs.*, ports.*, apply.*, secrets.*); runner/model/expression.h
// resolves them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runner/model/command.h"
#include "runner/model/stage_body.h"
#include "runner/model/types.h"

namespace quietgate {

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

// nullptr: it has none.
const GateSpec* gate_of(const StageSpec& stage);
// Only one that is about the windows of other stages: `during`.
const GateSpec* gate_over_windows(const StageSpec& stage);

// The stages whose windows the stage judges: `during` of its gate, or that whose window is its own.
std::vector<std::string> judges(const StageSpec& stage);

const char* kind_of(const StageBody& body);  // as in the file; as long as the body
const StageTraits& traits_of(const StageBody& body);
const StageTraits& traits_of(const StageSpec& stage);

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
