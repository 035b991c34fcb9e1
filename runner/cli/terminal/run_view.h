// One run on the terminal: a stage tree that updates in place while the run is active (or plain lines without a
// terminal), and the report at its end. Its input is journal rows.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/run_report.h"
#include "runner/cli/terminal/stage_activity.h"
#include "runner/cli/terminal/terminal.h"

namespace quietgate {

class RunView {
 public:
  // `out` writes to the terminal; `activity` may be unset.
  RunView(Terminal terminal, std::function<void(std::string_view)> out, std::function<Time()> now, ActivityOf activity);

  void on_row(const Row& row);
  // Draws again; call it about ten times a second. Does nothing without a live terminal.
  void tick();
  // Questions are answered at this terminal, not through a service.
  void asks_here() { asks_here_ = true; }
  // true: something else is on the screen, so the tree is not drawn.
  void hold(bool held);
  // Takes the tree away and prints the report. Once, at the end.
  void finish(const RunDetails& details = {});
  // A line for people above the tree.
  void say(const std::string& line);
  const RunRecord& record() const { return record_; }
  bool is_live() const { return terminal_.live; }

 private:
  void erase();

  Terminal terminal_;
  std::function<void(std::string_view)> out_;
  std::function<Time()> now_;
  ActivityOf activity_;
  RunRecord record_;
  int drawn_ = 0;  // lines of the tree on the screen
  int frame_ = 0;
  bool held_ = false;
  bool asks_here_ = false;
};

}  // namespace quietgate
