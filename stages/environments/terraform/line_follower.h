// Reads the output file of a running step line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runner/ports/clock.h"
#include "runner/ports/process.h"

namespace quietgate {

// A line without its newline. `fresh` is false for lines that an earlier process already handled; they are only read
// again. Must not throw.
using OnLine = std::function<void(std::string_view line, bool fresh)>;

// Reads a growing file. Its position is stored beside the file (`FILE.told`) for the next process. A line over 1 MiB is
// skipped.
class LineFollower {
 public:
  LineFollower(std::string path, OnLine on_line);
  void pump();    // reads the complete lines that exist now
  void finish();  // pump(), plus a last line without a newline

 private:
  void take(std::string_view block);
  void hand_over();
  std::string path_;
  OnLine on_line_;
  std::string line_;
  bool overlong_ = false;
  std::uint64_t read_ = 0;
  std::uint64_t told_ = 0;  // bytes that were handled already
};

// Processes::run with `file` (the spec's stdout_file or log) followed: `on_line` has received every line when this
// returns or throws.
Task<Result<ProcessExit>> run_followed(Processes& processes, Clock& clock, ProcessSpec spec, std::string file,
                                       OnLine on_line, Stop& stop);

}  // namespace quietgate
