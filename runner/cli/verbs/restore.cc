#include "runner/cli/verbs/restore.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/cli/invocation.h"
#include "runner/service/data_backup.h"

namespace quietgate {

namespace {

int restore_backup(const Invocation& call, const std::string& from) {
  const auto data = call.data_directory();
  if (data.empty()) return call.fail(user_error("no data directory is known", "name it with --data"), exit_usage);
  const auto restored = restore_data(from, data);
  if (!restored) {
    const bool is_users = restored.error().kind == ErrorKind::user;
    return call.fail(restored.error(), is_users ? exit_refused : exit_failed);
  }
  if (call.common.json) {
    call.parts.out(
        json_text(nlohmann::ordered_json{{"data", data}, {"rows", restored->rows}, {"files", restored->files}}) + "\n");
  } else {
    call.parts.out(fmt::format("restored {} rows and {} files to {}\n", restored->rows, restored->files, data));
  }
  return exit_ok;
}

}  // namespace

Verb restore_verb() {
  auto from = std::make_shared<std::string>();
  Verb verb{"restore", "Put a backup into a data directory that has no journal", verb_group::local};
  verb.options.text("BACKUP", *from, "What `quietgate backup` made: a file, or a folder").required();
  verb.run = [from](const Invocation& call) { return restore_backup(call, *from); };
  return verb;
}

}  // namespace quietgate
