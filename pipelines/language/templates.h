// Checks and part-resolves the `${{ ... }}` of one stage (or of the pipeline's own values) while they are read.
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

// A mention of another stage, to be checked once all stages are known.
struct StageReference {
  // one_window, windows: `during` of verify and of a gate; artifacts: `from`.
  enum class Kind { expression, one_window, windows, artifacts };
  Kind kind = Kind::expression;
  std::string name;  // expression: the whole dotted name; else the stage's name
  Position at;       // of the text
  // expression: where in the text. To find its place in the file takes a walk through the text, so only what is wrong
  // is looked for.
  const YamlNode* node = nullptr;
  std::size_t offset = 0;
  std::size_t length = 0;
};

// What a stage gives to those that come after it.
struct GivenOutputs {
  std::vector<std::string> keys;
  bool more = false;  // others are known only when it ran
};

// What an environment variable's value mentions, so that it can't be smuggled into a command line.
struct EnvironmentValue {
  std::string text;        // (template)
  bool untrusted = false;  // holds text that whoever pushed a commit chose
  bool secret = false;
  std::optional<std::string> known;  // its final text, when that is known already
};

// What the whole file does that `validate` warns of.
struct Habits {
  std::optional<Position> pipe;  // in the first shell text that has one, and no `shell:` that says how it is meant
  bool hands_on = false;         // some stage has `from`
};

// What is known at one place of the file.
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
  // Where a text goes decides what it may mention.
  enum class Use {
    plain,      // URLs, queries, paths, messages
    shell,      // text of a shell command: nothing that a commit's author chose, no secrets
    argument,   // one argument of a command: no secrets
    condition,  // a bare expression: status functions, no secrets
    settled     // must be known when the file is compiled: numbers, durations, bounds
  };

  Templates(Diagnostics& diagnostics, Scope& scope) : diagnostics_(diagnostics), scope_(scope) {}

  // Checks the found scalar's expressions, and answers its text with what is known put in (still a template; for
  // `settled` the final text). On a problem leaves a diagnostic and answers nothing.
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
