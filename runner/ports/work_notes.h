// Which runs the service itself works on at this moment: it compiles what was pushed, writes its checkout, reads what a
// step left. The notes outlive it, so that the next service knows whose work this one died of. A run whose step runs
// under its leader, or that waits, is noted nowhere: however often the service dies meanwhile, that is no fault of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runner/model/types.h"

namespace quietgate {

class WorkNotes {
 public:
  virtual ~WorkNotes() = default;
  // `what` tells works on one run apart. Neither fails: a note that a full disk took is missing.
  virtual void begin(const RunId& run, const std::string& what) = 0;
  virtual void end(const RunId& run, const std::string& what) = 0;  // also of what never began
  // Those that an earlier service left behind, which are forgotten by this. To be asked before the first work.
  virtual std::vector<RunId> left() = 0;
};

// A note as long as it lives.
class WorkNote {
 public:
  WorkNote(WorkNotes* notes, RunId run, std::string what)
      : notes_(notes), run_(std::move(run)), what_(std::move(what)) {
    if (notes_ != nullptr) notes_->begin(run_, what_);
  }
  ~WorkNote() {
    if (notes_ != nullptr) notes_->end(run_, what_);
  }
  WorkNote(const WorkNote&) = delete;
  WorkNote& operator=(const WorkNote&) = delete;

 private:
  WorkNotes* notes_;
  RunId run_;
  std::string what_;
};

}  // namespace quietgate
