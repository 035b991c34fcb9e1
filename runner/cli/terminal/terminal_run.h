// One run on the terminal: a stage tree that is drawn again in place while it goes on (or plain lines where there is no
// terminal), and the whole report at its end. Fed with journal rows, wherever they come from.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/terminal.h"
#include "runner/ports/progress_board.h"

namespace quietgate {

// What a running stage says of itself, beside its rows.
struct Glimpse {
  std::optional<Milliseconds> elapsed;  // of `duration`: a bar with the time left
  std::optional<Milliseconds> duration;
  std::string line;  // one short line: figures, or the last line of its log
};
// Attempt 0: what the stage waits for; an empty stage is the whole run.
using GlimpseOf = std::function<Glimpse(const RunId& run, const std::string& stage, int attempt)>;

// Of an attempt's directory: what is on the board, and its log. For runs of this machine.
Glimpse glimpse_of_directory(const ProgressBoard& board, const std::string& attempt_directory);
// Likewise the texts of tests.json of a run's stages where tests are worth naming; `run_directory` holds the attempts.
std::map<std::string, std::string> tests_of_directory(const RunRecord& record, const std::string& run_directory);
// The gate's proofs as they stand, in the text of an attempt's progress; empty when there are none.
std::vector<Proof> proofs_so_far(std::string_view progress);
// Of the texts of an attempt's progress and of a log's end; either may be empty.
Glimpse glimpse_of(std::string_view progress, std::string_view log_end);

class RunView {
 public:
  // `out` writes to the terminal; `glimpse` may be unset.
  RunView(Terminal terminal, std::function<void(std::string_view)> out, std::function<Time()> now, GlimpseOf glimpse);

  void on_row(const Row& row);
  // Draws again; call it about ten times a second. Does nothing without a live terminal.
  void tick();
  // Questions are answered at this terminal, not through a service.
  void asks_here() { asks_here_ = true; }
  // As long as something else is on the screen, the tree is not drawn.
  void hold(bool held);
  // Takes the tree away and prints the report. Once, at the end. `tests`: as of run_report.
  void finish(const std::map<std::string, std::string>& tests = {});
  // A line for people above the tree.
  void say(const std::string& line);
  const RunRecord& record() const { return record_; }
  bool is_live() const { return terminal_.live; }

 private:
  std::string tree();
  std::string stage_line(const StageSpec& spec, int name_width);
  std::string doing(const StageSpec& spec, const StageState& state, Milliseconds elapsed, int room);
  std::string waits_for(const std::string& stage);
  void erase();
  void print_plain(const Row& row);
  int name_width();

  Terminal terminal_;
  std::function<void(std::string_view)> out_;
  std::function<Time()> now_;
  GlimpseOf glimpse_;
  RunRecord record_;
  int drawn_ = 0;  // lines of the tree on the screen
  int frame_ = 0;
  bool held_ = false;
  bool asks_here_ = false;
  int name_width_ = 0;  // 0: not known yet
};

// `✗ hello/12 failed in 1m 12s: load: p95 312 ms > 250 ms`, the stages, the checks with their arithmetic, the gate's
// proofs, environments, who decided what, and what to do.
// `waiting`: what stages wait for, by name; the whole run's is under the empty name.
// `so_far`: the proofs of gates that are being judged, by stage. `tests`: the texts of tests.json, by stage.
std::string run_report(const RunRecord& record, const Terminal& terminal, Time now,
                       const std::map<std::string, std::string>& waiting = {},
                       const std::map<std::string, std::vector<Proof>>& so_far = {},
                       const std::map<std::string, std::string>& tests = {});

// 0 passed; 1 failed or error; 5 inconclusive, or a blind gate; 130 cancelled. A run that has not ended: 0.
int exit_code_of(const RunRecord& record);

}  // namespace quietgate
