// Notes of work as empty files, `<folder>/<number>.<repository>`: they need to survive the process, not the machine.
#pragma once

#include <map>
#include <set>
#include <string>

#include "runner/ports/work_notes.h"

namespace quietgate {

class WorkNoteFiles final : public WorkNotes {
 public:
  explicit WorkNoteFiles(std::string folder) : folder_(std::move(folder)) {}
  void begin(const RunId& run, const std::string& what) override;
  void end(const RunId& run, const std::string& what) override;
  std::vector<RunId> left() override;

 private:
  std::string file_of(const RunId& run) const;
  std::string folder_;
  std::map<RunId, std::set<std::string>> open_;
};

}  // namespace quietgate
