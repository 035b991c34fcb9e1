// What a stage attempt leaves behind for decisions and for people.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/model/types.h"

namespace quietgate {

// One judged expectation with its arithmetic: `p95 312 ms > 250 ms over 45 s (4,512 requests)`.
struct Check {
  std::string name;      // `p95`, `reach`, `error ratio`
  std::string expected;  // `<= 250ms`
  std::string observed;  // `312 ms`, or `no data`
  Outcome outcome = Outcome::passed;
  std::string sentence;
  bool warns = false;  // it passed, and people are told all the same
  bool operator==(const Check&) const = default;
};

// One line of the gate's proof table.
struct Proof {
  std::string id;    // `P3`, `QUIET`, `LAYER`
  std::string name;  // `loaded rules equal the commit's rules`
  GateVerdict verdict = GateVerdict::blind;
  std::string detail;  // numbers; for a verdict other than quiet: what was missing and what to do
  std::string waived;  // blind, and the pipeline said with this reason that it need not hold
  bool operator==(const Proof&) const = default;
};

struct GateJudgement {
  GateVerdict verdict = GateVerdict::blind;
  std::string sentence;  // the one sentence that says why
  std::vector<Proof> proofs;
  Window window;
  std::string rules;  // lower-case hex SHA-256 of the rules that were judged; empty: they could not be read
  bool operator==(const GateJudgement&) const = default;
};

struct TestCounts {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  int flaky = 0;  // of the passed ones: those that failed first and passed when they were run again
  bool operator==(const TestCounts&) const = default;
};

// The files that a stage kept. Which they are, and the digest of each, stands in the attempt's artifacts.json.
struct ArtifactsKept {
  int files = 0;
  std::int64_t bytes = 0;
  std::string sha256;  // of artifacts.json, lower-case hex
  bool operator==(const ArtifactsKept&) const = default;
};

struct StageOutcome {
  Outcome outcome = Outcome::error;
  std::string reason;  // one sentence, with numbers where there are any
  std::string advice;  // what to do; may be empty
  bool timed_out = false;
  std::map<std::string, std::string> outputs;
  std::vector<Check> checks;
  std::optional<Window> window;  // load and verify: the span that was judged, on the metrics server's clock if known
  std::optional<GateJudgement> gate;  // promote
  std::string
      lost_environment;     // the `apply` stage whose environment broke under this attempt, by no fault of the commit
  bool conclusive = false;  // no other attempt may take it back: an alert fired meanwhile
  bool roll_back = false;   // an alert fired after the release: what the run promoted is to be put back
  // load: of each of its loads, in their order: p50, p95, p99 (ms), failure_ratio, requests_per_second
  std::map<std::string, std::vector<double>> measured;
  std::optional<TestCounts> tests;  // test, when JUnit XML was read; names are in the attempt's tests.json
  std::optional<ArtifactsKept> artifacts;
  std::map<std::string, ArtifactsKept> given;  // by stage: whose artifacts were put into this stage's tree
  // apply: it did not deploy, because the branch that the run promoted is here now; empty: the branch is gone
  std::optional<CommitId> overtaken_by;
  bool operator==(const StageOutcome&) const = default;
};

// The order in which outcomes decide a whole: the worst of many wins.
Outcome worst(Outcome a, Outcome b);

}  // namespace quietgate
