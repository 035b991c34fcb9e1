// `quietgate backup` and `quietgate doctor --repair`: the journal of the data directory, without a service.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/adapters/journal_sqlite/journal_care.h"
#include "runner/cli/cli.h"
#include "runner/service/data_lock.h"

namespace quietgate {

namespace {

using OrderedJson = nlohmann::ordered_json;

std::string described(const Sequences& rows) {
  if (rows.from == rows.to) return fmt::format("row {}", rows.from);
  return fmt::format("rows {} to {}", rows.from, rows.to);
}

std::string described(const LostRows& lost) {
  std::string runs;
  for (const auto& run : lost.runs) runs += (runs.empty() ? ", of " : ", ") + to_string(run);
  return described(lost.rows) + runs;
}

OrderedJson listed(const std::vector<LostRows>& all) {
  OrderedJson list = OrderedJson::array();
  for (const auto& each : all) {
    OrderedJson runs = OrderedJson::array();
    for (const auto& run : each.runs) runs.push_back(to_string(run));
    list.push_back({{"from", each.rows.from}, {"to", each.rows.to}, {"runs", std::move(runs)}});
  }
  return list;
}

Time repaired_at() {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

std::string journal_of(const CliParts& parts, const CliCommon& common) {
  const auto data = !common.data.empty() ? common.data : parts.default_data ? parts.default_data() : std::string();
  return data.empty() ? data : data + "/journal.sqlite";
}

int repair_data(const CliParts& parts, const CliCommon& common) {
  const auto path = journal_of(parts, common);
  std::error_code code;
  if (path.empty() || !std::filesystem::exists(std::filesystem::path(path).parent_path(), code)) {
    print_error(parts,
                user_error("there is no data directory" + (path.empty() ? "" : " for " + path), "name it with --data"),
                common.json);
    return exit_usage;
  }
  auto lock = DirectoryLock::take(std::filesystem::path(path).parent_path().string());
  if (!lock) {
    print_error(parts, lock.error(), common.json);
    return exit_refused;
  }
  const auto repair = repair_journal(path, repaired_at());
  if (!repair) {
    print_error(parts, repair.error(), common.json);
    return exit_failed;
  }
  if (common.json) {
    OrderedJson ended = OrderedJson::array();
    for (const auto& run : repair->ended) ended.push_back(to_string(run));
    parts.out(OrderedJson{{"changed", repair->changed},
                          {"rows", repair->rows},
                          {"lost", listed(repair->lost)},
                          {"ended", ended},
                          {"kept_as", repair->kept_as}}
                  .dump() +
              "\n");
    return exit_ok;
  }
  if (!repair->changed) {
    parts.out(fmt::format("the journal is whole: {} rows; nothing was changed\n", repair->rows));
    return exit_ok;
  }
  parts.out(fmt::format("the journal was mended: {} rows kept, {}\n", repair->rows,
                        repair->lost.empty() ? "none lost" : "and these are lost:"));
  for (const auto& lost : repair->lost) parts.out("  " + described(lost) + "\n");
  for (const auto& run : repair->ended) {
    parts.out("  " + to_string(run) + " was under way and ends as an error; retry it\n");
  }
  parts.out("the damaged file is kept: " + repair->kept_as + "\n");
  return exit_ok;
}

int backup_data(const CliParts& parts, const CliCommon& common, const std::string& file) {
  const auto path = journal_of(parts, common);
  if (path.empty()) {
    print_error(parts, user_error("no data directory is known", "name it with --data"), common.json);
    return exit_usage;
  }
  const auto copied = backup_journal(path, file);
  if (!copied) {
    print_error(parts, copied.error(), common.json);
    return exit_failed;
  }
  if (common.json) {
    parts.out(OrderedJson{{"file", file}, {"rows", copied->rows}, {"last_sequence", copied->last}}.dump() + "\n");
  } else {
    parts.out(fmt::format("{} rows of {} are in {}; to restore, put it in that place while no service runs\n",
                          copied->rows, path, file));
  }
  return exit_ok;
}

}  // namespace quietgate
