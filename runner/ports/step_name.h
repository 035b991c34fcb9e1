// Which step: whose it is, and a word. One name, one execution, ever. Where a step is kept is told by whoever executes
// it: on this machine by data_layout.h.
#pragma once

#include <string>
#include <variant>

#include "runner/base/result.h"
#include "runner/ports/attempt_id.h"

namespace quietgate {

struct AttemptOwner {
  AttemptId attempt;
  int aside = 0;  // of what stood in the attempt's place before and was moved aside: its number; 0: the attempt itself
  auto operator<=>(const AttemptOwner&) const = default;
};

// What an environment needs beyond the attempt that makes it: `work` of a `part` of it. Its services are the part
// `services`, their work is a generation of them; the other parts are its provisioner's.
struct EnvironmentOwner {
  std::string environment;  // its id
  std::string part;
  std::string work;
  auto operator<=>(const EnvironmentOwner&) const = default;
};
inline constexpr const char* services_part = "services";
inline constexpr const char* sandbox_part = "sandbox";  // what keeps its processes' sandbox, where there is one

// The run's plan is held against its commit's files.
struct PlanCheckOwner {
  RunId run;
  auto operator<=>(const PlanCheckOwner&) const = default;
};

using StepOwner = std::variant<AttemptOwner, EnvironmentOwner, PlanCheckOwner>;

struct StepName {
  StepOwner owner;
  std::string step;  // a word of letters, digits, `-` and `_`; or two, joined by a dot: GROUP.WORD
  auto operator<=>(const StepName&) const = default;
};

// Something that steps printed: what one step did, or what all of an owner did.
struct StepText {
  enum class Kind { log, output };
  StepOwner owner;
  std::string step;  // empty: of all that its owner's steps log
  Kind kind = Kind::log;
  auto operator<=>(const StepText&) const = default;
};
// What the steps of the attempt, and the stage itself, log together.
StepText log_of(const AttemptId& attempt);
StepText log_of(const StepName& step);
StepText output_of(const StepName& step);

// Refuses what could be taken for another name, or for more than a name: empty words, slashes, what begins with a dot,
// words of more than 200 bytes. Kind infrastructure: no user writes them.
Result<void> check_name(const StepOwner& owner);
Result<void> check_name(const StepName& step);
Result<void> check_name(const StepText& text);

// For people: `hello/7 unit.1 1-run`.
std::string to_string(const StepOwner& owner);
std::string to_string(const StepName& step);

}  // namespace quietgate
