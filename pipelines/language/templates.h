// Checks the `${{ ... }}` of one stage (or of the pipeline's own values) while they are read, and inserts known values.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipelines/language/budget.h"
#include "pipelines/yaml/reader.h"
#include "runner/model/expression.h"
#include "runner/ports/pipeline.h"

namespace quietgate {

struct StageKindDescriptor;

// A reference to another stage, checked after all stages are read.
struct StageReference {
  // one_window, windows: `during` of verify and of a gate; artifacts: `from`.
  enum class Kind { expression, one_window, windows, artifacts };
  Kind kind = Kind::expression;
  std::string name;  // expression: the full dotted name; else the stage's name
  Position at;       // of the text
  // expression: the offset in the text. The place in the file is computed only for errors, because that reads the text.
  const YamlNode* node = nullptr;
  std::size_t offset = 0;
  std::size_t length = 0;
};

// What a stage gives to those that come after it.
struct GivenOutputs {
  std::vector<std::string> keys;
  bool more = false;  // others are known only when it ran
};

// The references in an environment variable's value, so that it can't carry them into a command line.
struct EnvironmentValue {
  std::string text;        // (template)
  bool untrusted = false;  // contains text that the author of a commit chose
  bool secret = false;
  std::optional<std::string> known;  // its final text, if known already
};

// Facts about the whole file for the warnings of `validate`.
struct Habits {
  std::optional<Position> pipe;  // in the first shell text with a pipe and without a `shell:`
  bool hands_on = false;         // some stage has `from`
};

// The names that are known at one place of the file.
struct Scope {
  const PlanContext* context = nullptr;
  const std::vector<StageKindDescriptor>* kinds = nullptr;
  Budget* budget = nullptr;
  Habits* habits = nullptr;
  std::map<std::string, EnvironmentValue> environment;
  std::map<std::string, std::string> matrix;
  std::vector<std::string> secrets;
  std::vector<std::string> ports;
  std::vector<std::string> shell;          // interpreter of shell texts; empty: the default
  bool in_apply = false;                   // ports.* and apply.* may be used
  bool in_stage = false;                   // stages.* may be used
  std::vector<StageReference> references;  // collected
  std::optional<GivenOutputs> outputs;     // of the stage
};

class Templates {
 public:
  // The use of a text decides which names it may contain.
  enum class Use {
    plain,      // URLs, queries, paths, messages
    shell,      // text of a shell command: no values that a commit's author chose, no secrets
    argument,   // one argument of a command: no secrets
    condition,  // a bare expression: status functions, no secrets
    settled     // must be known when the file is compiled: numbers, durations, bounds
  };

  Templates(Diagnostics& diagnostics, Scope& scope) : diagnostics_(diagnostics), scope_(scope) {}

  // Checks the expressions of the scalar, and returns its text with known values inserted (still a template; for
  // `settled`, the final text). Returns nothing on an error, which becomes a diagnostic.
  std::optional<std::string> read(const Found& found, Use use);
  // The value of an environment variable; numbers and booleans are taken as written.
  std::optional<EnvironmentValue> read_variable(const Found& found);

 private:
  std::optional<std::vector<Mention>> checked_mentions(const Found& found, Use use);
  bool check(const Found& found, const Mention& mention, Use use);
  bool check_command_safety(const Found& found, const Mention& mention, Use use);
  bool check_group(const Found& found, const Mention& mention, const std::string& group, const std::string& name);
  void wrong(const Found& found, const Mention& mention, std::string message, std::string expected = {},
             std::string hint = {});
  std::optional<std::string> value_of(const std::string& name) const;

  Diagnostics& diagnostics_;
  Scope& scope_;
};

}  // namespace quietgate
