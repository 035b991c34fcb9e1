// Processes that never run: a script decides what each step does, and every spec is kept for the test to look at.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runner/ports/process.h"

namespace quietgate {

inline ProcessExit exited(int code, Milliseconds took = Milliseconds{0}) {
  ProcessExit exit;
  exit.code = code;
  exit.ended = exit.started + took;
  return exit;
}

class FakeProcesses : public Processes {
 public:
  std::function<Result<ProcessExit>(const ProcessSpec&)> script = [](const ProcessSpec&) { return exited(0); };
  std::vector<ProcessSpec> ran, started;
  std::vector<std::string> ended;
  std::map<std::string, ProcessExit> exits;  // by name: recorded, or set by the test to end a service

  Task<Result<ProcessExit>> run(ProcessSpec spec, Stop& stop) override {
    stop.throw_if_requested();
    if (auto known = exits.find(spec.name); known != exits.end()) co_return known->second;
    ran.push_back(spec);
    leave_record(spec.name);
    auto exit = script(spec);
    if (exit) exits[spec.name] = *exit;
    co_return exit;
  }
  Task<Result<void>> start(ProcessSpec spec, Stop& stop) override {
    stop.throw_if_requested();
    if (!alive_.insert(spec.name).second) co_return Result<void>();
    started.push_back(spec);
    leave_record(spec.name);
    co_return Result<void>();
  }
  Result<std::optional<ProcessExit>> status(const std::string& name) override {
    if (auto known = exits.find(name); known != exits.end()) return std::optional<ProcessExit>(known->second);
    if (!alive_.contains(name)) return infrastructure_error("no step was started as " + name);
    return std::optional<ProcessExit>();
  }
  Task<Result<void>> end(std::string name, Stop& stop) override {
    stop.throw_if_requested();
    ended.push_back(name);
    if (alive_.contains(name)) exits.emplace(name, exited(0));
    co_return Result<void>();
  }
  Result<std::vector<std::string>> steps_in(const std::string& folder, int) override {
    std::vector<std::string> names;
    for (const auto* all : {&ran, &started}) {
      for (const auto& spec : *all) {
        if (spec.name.starts_with(folder + "/")) names.push_back(spec.name);
      }
    }
    return names;
  }

 private:
  static void leave_record(const std::string& name) {
    std::filesystem::create_directories(std::filesystem::path(name).parent_path());
    std::ofstream(record_of(name)) << "";
  }
  std::set<std::string> alive_;
};

}  // namespace quietgate
