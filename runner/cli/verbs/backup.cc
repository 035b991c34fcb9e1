#include "runner/cli/verbs/backup.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/adapters/journal_sqlite/journal_care.h"
#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/service/data_backup.h"

namespace quietgate {

namespace {

struct BackupOptions {
  std::string to;
  BackupParts parts;
};

Result<BackupCount> made_backup(const Invocation& call, const BackupOptions& given) {
  if (given.parts.any()) return backup_data(call.data_directory(), given.to, given.parts);
  const auto copied = backup_journal(call.journal_file(), given.to);
  if (!copied) return copied.error();
  return BackupCount{copied->rows, copied->last, 0, 0, 0};
}

int back_up(const Invocation& call, const BackupOptions& given) {
  ::umask(077);  // also of the folders on the way
  if (call.data_directory().empty())
    return call.fail(user_error("no data directory is known", "name it with --data"), exit_usage);
  const auto made = made_backup(call, given);
  if (!made) return call.fail(made.error(), exit_failed);
  if (call.common.json) {
    call.parts.out(json_text(nlohmann::ordered_json{{"file", given.to},
                                                    {"rows", made->rows},
                                                    {"last_sequence", made->last},
                                                    {"files", made->files},
                                                    {"left_out", made->left_out}}) +
                   "\n");
    return exit_ok;
  }
  if (made->left_out > 0)
    call.parts.err(fmt::format("{} files of runs can't be read, and are left out\n", made->left_out));
  const auto files = given.parts.any() ? fmt::format(" and {} files", made->files) : std::string();
  call.parts.out(fmt::format("{} rows of {}{} are in {}; to put it back: quietgate restore {}\n", made->rows,
                             call.journal_file(), files, given.to, given.to));
  return exit_ok;
}

}  // namespace

Verb backup_verb() {
  auto given = std::make_shared<BackupOptions>();
  Verb verb{"backup", "Copy the journal, and on request what belongs to it, also while a service runs",
            verb_group::local};
  auto& options = verb.options;
  options.text("TO", given->to, "The copy, a file; with an option below, a folder. It must not exist yet").required();
  options.flag("--keys", given->parts.keys, "Also the keys that sign evidence");
  options.flag("--logs", given->parts.logs, "Also the logs, tests and measurements of stages");
  options.flag("--artifacts", given->parts.artifacts, "Also what stages kept");
  verb.run = [given](const Invocation& call) { return back_up(call, *given); };
  return verb;
}

}  // namespace quietgate
