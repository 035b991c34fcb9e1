#include "runner/cli/terminal/event_line.h"

#include "runner/cli/terminal/run_tree.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

constexpr int width_without_plan = 4;

// What is said of each event; of all others nothing.
struct LineOf {
  const Row& row;
  const RunRecord& record;
  bool asks_here;

  std::string named(const std::string& stage) const {
    const auto& plan = record.state.plan;
    return padded(stage, plan ? width_of_names(*plan) : width_without_plan) + "  ";
  }

  std::string operator()(const RunRequested& e) const {
    return to_string(e.run) + "  " + e.branch + " " + e.commit.substr(0, 7) + "  " + e.cause;
  }
  std::string operator()(const StageStarted& e) const {
    return named(e.stage) + "started" + (e.attempt > 1 ? " (attempt " + std::to_string(e.attempt) + ")" : "");
  }
  std::string operator()(const StageFinished& e) const {
    const auto* stage = record.stage(e.stage);
    const auto took =
        stage == nullptr || stage->attempts.empty() ? Milliseconds{0} : row.at - stage->attempts.back().started;
    const auto reason = e.outcome.reason.empty() ? std::string() : ": " + e.outcome.reason;
    return named(e.stage) + to_string(e.outcome.outcome) + " in " + human_duration(took) + reason;
  }
  std::string operator()(const StageSkipped& e) const { return named(e.stage) + "skipped: " + e.reason; }
  std::string operator()(const ApprovalAwaited& e) const {
    const auto how = "waits for approval: quietgate approve " + to_string(e.run) + " " + e.stage + ": ";
    return named(e.stage) + (asks_here ? "asks: " : how) + e.message;
  }
  std::string operator()(const ApprovalGiven& e) const {
    return named(e.stage) + (e.granted ? "approved by " : "refused by ") + e.by +
           (e.reason.empty() ? "" : ": " + e.reason);
  }
  std::string operator()(const CommitPromoted& e) const {
    return named(e.stage) + e.branch + (e.rollback ? " is back at " : " is now ") + e.to.substr(0, 7);
  }
  std::string operator()(const CancelRequested& e) const {
    const auto& ends = record.state.cancel;
    const bool waits = e.superseded_by.number > 0 && !(ends && ends->superseded_by == e.superseded_by);
    return waits ? "newer run " + to_string(e.superseded_by) + " waits: this run is releasing" : e.cause;
  }
  template <class Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

}  // namespace

std::string event_line(const Row& row, const RunRecord& record, bool asks_here) {
  return printable(std::visit(LineOf{row, record, asks_here}, row.event));
}

}  // namespace quietgate
