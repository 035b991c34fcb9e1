#include "stages/test/test_kind.h"

#include <fmt/format.h>

#include "pipelines/language/facts.h"
#include "pipelines/yaml/diagnostics.h"
#include "stages/attempt/stage_parts.h"
#include "stages/test/test.h"

namespace quietgate {

namespace {

StageBody read_test(const Found& found, StageFields& fields) {
  TestSpec spec;
  MapReader map(fields.values(), found, "`test`");
  std::string directory;
  const Found run = map.find("run");
  const Found commands = map.find("commands");
  fields.path(map.find("directory"), directory);
  fields.path(map.find("junit"), spec.junit);
  fields.paths(map.find("artifacts"), spec.artifacts, 0);
  fields.artifacts_of(map.find("from"));
  map.finish();
  if (!map.valid()) return spec;
  if (run && commands) {
    fields.diagnostics().add(commands.key_at, "`test` has both `run` and `commands`", "one of them");
  } else if (run) {
    if (auto one = fields.command(run)) spec.commands.push_back(std::move(*one));
  } else if (commands) {
    for (const Found& item : fields.values().list(commands, 1)) {
      if (auto one = fields.command(item)) spec.commands.push_back(std::move(*one));
    }
  } else {
    fields.diagnostics().add(found.key_at, "`test` needs `run`",
                             "text (a shell script) or a list (a program and its arguments)");
  }
  for (Command& one : spec.commands) one.directory = directory;
  return spec;
}

Facts facts_of_test(const StageBody& body) {
  const auto test = spec_of<TestSpec>(body);
  Facts out{test.commands.empty() ? "no command" : shown(test.commands.front())};
  if (test.commands.size() > 1) out.push_back(fmt::format("and {} more", counted(test.commands.size() - 1, "command")));
  if (!test.junit.empty()) out.push_back("JUnit " + test.junit);
  if (!test.artifacts.empty()) out.push_back("keeps " + joined(test.artifacts));
  return out;
}

std::vector<std::string> interpreter_of_test(const StageBody& body) {
  const auto test = spec_of<TestSpec>(body);
  for (const Command& command : test.commands) {
    if (!command.interpreter.empty()) return command.interpreter;
  }
  return {};
}

std::unique_ptr<StageKind> make_test(const StageParts& parts) {
  return std::make_unique<TestStage>(parts.test_steps, parts.reports);
}

}  // namespace

StageKindDescriptor test_kind() {
  return {.name = "test",
          .read = read_test,
          .facts = facts_of_test,
          .make = make_test,
          .interpreter = interpreter_of_test,
          .surroundings = {.takes_artifacts = true, .names_services = true},
          .offers = {.artifacts = true, .tests = true}};
}

}  // namespace quietgate
