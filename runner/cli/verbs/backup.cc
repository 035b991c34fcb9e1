#include "runner/cli/verbs/backup.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/adapters/journal_sqlite/journal_care.h"
#include "runner/cli/invocation.h"

namespace quietgate {

namespace {

int copy_journal(const Invocation& call, const std::string& file) {
  const auto path = call.journal_file();
  if (path.empty()) return call.fail(user_error("no data directory is known", "name it with --data"), exit_usage);
  const auto copied = backup_journal(path, file);
  if (!copied) return call.fail(copied.error(), exit_failed);
  if (call.common.json) {
    call.parts.out(
        nlohmann::ordered_json{{"file", file}, {"rows", copied->rows}, {"last_sequence", copied->last}}.dump() + "\n");
  } else {
    call.parts.out(fmt::format(
        "copied {} rows of {} to {}; to restore them, put the copy in place of the journal while no service runs\n",
        copied->rows, path, file));
  }
  return exit_ok;
}

}  // namespace

Verb backup_verb() {
  auto file = std::make_shared<std::string>();
  Verb verb{"backup", "Copy the journal to a file, also while a service runs", verb_group::local};
  verb.options.text("FILE", *file, "The copy; it must not exist yet").required();
  verb.run = [file](const Invocation& call) { return copy_journal(call, *file); };
  return verb;
}

}  // namespace quietgate
