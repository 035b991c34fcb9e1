#include "runner/cli/verbs/migrate.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "pipelines/migrate/migrate.h"
#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/cli/new_file.h"
#include "runner/cli/pipeline_file.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

struct MigrateOptions {
  std::string file;
  std::string output;  // empty: standard output
};

ExitCode print_migration(const Invocation& call, const MigrateOptions& given, const Migration& made,
                         const std::string& wrong) {
  if (call.common.json) {
    auto notes = nlohmann::ordered_json::array();
    for (const auto& note : made.notes) notes.push_back({{"line", note.line}, {"message", note.what}});
    call.parts.out(json_text(nlohmann::ordered_json{{"system", to_string(made.system)},
                                                    {"pipeline", made.text},
                                                    {"notes", std::move(notes)},
                                                    {"diagnostics", wrong}}) +
                   "\n");
    return wrong.empty() ? exit_ok : exit_failed;
  }
  if (given.output.empty()) call.parts.out(made.text);
  for (const auto& note : made.notes)
    call.parts.err(printable(given.file) + ":" + std::to_string(note.line) + ": " + printable(note.what) + "\n");
  if (!wrong.empty()) call.parts.err("what was made is not valid yet:\n" + printable_lines(wrong));
  if (!given.output.empty())
    call.parts.out("wrote " + printable(given.output) + ": quietgate validate " + printable(given.output) + "\n");
  return wrong.empty() ? exit_ok : exit_failed;
}

int migrate_file(const Invocation& call, const MigrateOptions& given) {
  auto text = read_pipeline_file(given.file);
  if (!text)
    return call.fail(user_error(text.error().message, "name a file of GitHub Actions, GitLab CI or Woodpecker"),
                     exit_usage);
  auto made = migrate(*text, given.file);
  if (!made) return call.fail(made.error(), exit_usage);
  const auto compiled = compile_without_commit(call.parts, made->text, ".quietgate.yaml");
  if (!given.output.empty()) {
    if (auto problem = write_new_file(given.output, made->text)) return call.fail(*problem, exit_refused);
  }
  return print_migration(call, given, *made, compiled ? std::string() : compiled.error().message);
}

}  // namespace

Verb migrate_verb() {
  auto given = std::make_shared<MigrateOptions>();
  Verb verb{"migrate", "Turn a GitHub Actions, GitLab CI or Woodpecker file into a pipeline", verb_group::local};
  verb.options.text("FILE", given->file, "The other system's file").required();
  verb.options.text("-o,--output", given->output, "Write it there instead of printing it");
  verb.run = [given](const Invocation& call) { return migrate_file(call, *given); };
  return verb;
}

}  // namespace quietgate
