// The tree of a running run's stages. Pure, except that it asks for the progress of stages.
#pragma once

#include <string>

#include "runner/api/run_record.h"
#include "runner/cli/terminal/stage_activity.h"
#include "runner/cli/terminal/terminal.h"

namespace quietgate {

// How the tree is shown.
struct TreeFrame {
  Terminal terminal;
  Time now{};
  int frame = 0;           // of the spinner
  bool asks_here = false;  // questions are answered at this terminal, not through a service
  const ActivityOf& activity;
};

class RunTree {
 public:
  // Both must outlive it.
  RunTree(const RunRecord& record, const TreeFrame& shown) : record_(record), shown_(shown) {}
  // Lines that fit the terminal, in width and height.
  std::string text() const;

 private:
  std::string stage_line(const StageSpec& spec, int width) const;
  std::string activity_text(const StageSpec& spec, const StageState& state, Milliseconds elapsed, int room) const;
  std::string waits_for(const std::string& stage) const;

  const RunRecord& record_;
  const TreeFrame& shown_;
};

// The columns of the stages' names.
int width_of_names(const Plan& plan);

}  // namespace quietgate
