// The parts that all drivers share. They must outlive the drivers.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "runner/engine/admission/slots.h"
#include "runner/engine/upkeep/low_water.h"
#include "runner/engine/upkeep/reaper.h"
#include "runner/engine/upkeep/tree_limit.h"
#include "runner/ports/attempt_trees.h"
#include "runner/ports/clock.h"
#include "runner/ports/git.h"
#include "runner/ports/journal.h"
#include "runner/ports/pipeline_compiler.h"
#include "runner/ports/plan_check.h"
#include "runner/ports/progress_board.h"
#include "runner/ports/stage.h"
#include "runner/ports/step_executor.h"
#include "runner/ports/work_notes.h"
#include "runner/ports/workspace.h"

namespace quietgate {

struct EngineParts {
  Executor executor;
  Journal& journal;
  Catalog& catalog;
  Git& git;
  Clock& clock;
  PipelineCompiler& compiler;
  Workspace& workspace;
  Reaper& reaper;
  Slots& slots;
  std::map<std::string, StageKind*> kinds;              // by kind_of
  std::map<std::string, std::string> step_environment;  // the base of every step's environment: PATH, HOME, LANG
  std::function<void(const std::string& line)> say;
  StepExecutor* steps = nullptr;       // none: stages end their own steps
  PlanCheck* check = nullptr;          // none: plans are not checked against their commits' files
  std::string boot;                    // the machine's; empty: not known
  std::function<std::string()> nonce;  // draws one; none: attempts have none
  AttemptTrees* trees = nullptr;       // none: all steps of a run work in its checkout
  LowWater* low_water = nullptr;       // none: the disk is not watched
  TreeLimit* tree_limit = nullptr;     // none: trees have no limit
  bool tries_out = false;              // kept environments are left alone
  ProgressBoard* progress = nullptr;   // none: progress is not shown
  WorkNotes* notes = nullptr;          // none: the cause of a death of the service is not known
  std::string isolation;               // what isolates steps, for the record; empty: not known
};

}  // namespace quietgate
