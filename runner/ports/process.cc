#include "runner/ports/process.h"

#include <cstring>
#include <filesystem>

namespace quietgate {

namespace fs = std::filesystem;

constexpr const char* record_ending = ".step";

std::string record_of(const std::string& name) {
  return name + record_ending;
}

Result<std::vector<std::string>> steps_in(const std::string& folder, int levels) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at.depth() >= levels) at.disable_recursion_pending();
    if (at->path().extension() != record_ending || !at->is_regular_file(ignored)) continue;
    names.push_back((at->path().parent_path() / at->path().stem()).string());
  }
  if (!error || error == std::errc::no_such_file_or_directory) return names;
  return infrastructure_error("can't read " + folder + ": " + error.message(),
                              "check the disk and the permissions of the data directory");
}

std::string describe(const ProcessExit& exit) {
  switch (exit.how) {
    case ProcessExit::How::exited:
      return "exit status " + std::to_string(exit.code);
    case ProcessExit::How::signalled: {
      const char* name = sigabbrev_np(exit.code);
      return "killed by " + (name == nullptr ? "signal " + std::to_string(exit.code) : "SIG" + std::string(name));
    }
    case ProcessExit::How::not_started:
      return "could not be started: " + exit.detail;
    case ProcessExit::How::leader_died:
      return "leader died: " + exit.detail;
  }
  return "ended in an unknown way";
}

}  // namespace quietgate
