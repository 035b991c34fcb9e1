// The exit codes of all verbs: documented in --help and docs/cli.md; never renumbered.
#pragma once

#include <utility>
#include <variant>

namespace quietgate {

enum ExitCode {
  exit_ok = 0,
  exit_failed = 1,        // the run or stage failed, or something needed is missing
  exit_usage = 2,         // wrong arguments, or an invalid pipeline or configuration
  exit_unreachable = 3,   // the service can't be reached
  exit_refused = 4,       // not found, not allowed, or not possible in the current state
  exit_inconclusive = 5,  // data was lacking, or the gate was blind
  exit_cancelled = 130,
};

// A value, or an exit code; the reason is already printed.
template <class Value>
class OrExit {
 public:
  OrExit(Value value) : held_(std::move(value)) {}
  OrExit(ExitCode code) : held_(code) {}
  explicit operator bool() const { return std::holds_alternative<Value>(held_); }
  ExitCode code() const { return std::get<ExitCode>(held_); }
  Value& operator*() { return std::get<Value>(held_); }
  Value* operator->() { return &std::get<Value>(held_); }

 private:
  std::variant<Value, ExitCode> held_;
};

}  // namespace quietgate
