// Reads fields of a stage kind's body. Errors become diagnostics, and texts with `${{ ... }}` are checked for their
// place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/language/templates.h"

namespace quietgate {

class StageFields {
 public:
  // `stage` is the map that contains the body, `timeout` its timeout. All must outlive this.
  StageFields(const ValueReader& values, Scope& scope, MapReader& stage, Milliseconds timeout)
      : values_(values), templates_(values.diagnostics(), scope), scope_(scope), stage_(stage), timeout_(timeout) {}

  // For values without templates: numbers, durations, bounds, words.
  const ValueReader& values() const { return values_; }
  Diagnostics& diagnostics() const { return values_.diagnostics(); }

  // Each writes to `out` if the key has a valid value.
  void text(const Found& found, std::string& out);
  void path(const Found& found, std::string& out);                                   // inside the checkout
  void paths(const Found& found, std::vector<std::string>& out, std::size_t least);  // globs
  void shell_text(const Found& found, std::string& out, std::vector<std::string>& interpreter);
  std::optional<Command> command(const Found& found);  // text is a shell script, a list a program with its arguments
  void text_map(const Found& found, std::map<std::string, std::string>& out);
  void variables(const Found& found, std::map<std::string, std::string>& out);  // of an environment

  // Names of stages whose windows are judged. Whether they have one is checked after all stages are read.
  std::optional<std::string> window(const Found& found);
  std::vector<std::string> windows(const Found& found);
  void artifacts_of(const Found& found);  // `from`: stages whose artifacts are received

  // `stages.NAME.outputs.KEY` of this stage may be mentioned with these keys; `more`: and with any other, as what it
  // gives is known only when it ran.
  void give_outputs(std::vector<std::string> keys, bool more);

  // From now on, expressions may use `apply.*` and these `ports.*`.
  void know_ports(std::vector<std::string> names);

  // One of the kind's `words`.
  Found beside(const std::string& word) { return stage_.find(word); }
  Milliseconds timeout() const { return timeout_; }  // of the stage

 private:
  void text(const Found& found, std::string& out, Templates::Use use);
  void entries(const Found& found, std::map<std::string, std::string>& out, bool variables);
  void name_window(const Found& item, StageReference::Kind kind, const std::string& key, std::vector<std::string>& out);

  const ValueReader& values_;
  Templates templates_;
  Scope& scope_;
  MapReader& stage_;
  Milliseconds timeout_;
};

// Characters allowed in names of ports, services and similar.
extern const std::string field_name_characters;  // after its first letter
extern const std::string field_name_expected;

}  // namespace quietgate
