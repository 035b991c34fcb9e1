// A step whose output file is read line by line while it grows.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runner/ports/clock.h"
#include "runner/ports/process.h"

namespace quietgate {

// `fresh` is false for lines that an earlier runner handled before it went: they are read again, not told again.
// Without the newline. Must not throw.
using OnLine = std::function<void(std::string_view line, bool fresh)>;

// Reads a file that grows. How far it got is kept beside the file (`FILE.told`), for the next runner. A line over 1 MiB
// is passed over.
class LineFollower {
 public:
  LineFollower(std::string path, OnLine on_line);
  void pump();    // what is there now, whole lines only
  void finish();  // pump, and a last line without a newline

 private:
  void take(std::string_view block);
  void hand_over();
  std::string path_;
  OnLine on_line_;
  std::string line_;
  bool overlong_ = false;
  std::uint64_t read_ = 0;
  std::uint64_t told_ = 0;  // bytes that were handled before
};

// Processes::run with `file` (the spec's stdout_file or log) followed: `on_line` has had every line when this returns
// or throws.
Task<Result<ProcessExit>> run_followed(Processes& processes, Clock& clock, ProcessSpec spec, std::string file,
                                       OnLine on_line, Stop& stop);

}  // namespace quietgate
