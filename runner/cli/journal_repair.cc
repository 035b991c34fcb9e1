#include "runner/cli/journal_repair.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/adapters/journal_sqlite/journal_care.h"
#include "runner/base/json.h"
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

int repair_data(const Invocation& call) {
  const auto path = call.journal_file();
  std::error_code code;
  if (path.empty() || !std::filesystem::exists(std::filesystem::path(path).parent_path(), code))
    return call.fail(
        user_error("there is no data directory" + (path.empty() ? "" : " for " + path), "name it with --data"),
        exit_usage);
  auto lock = DirectoryLock::take(std::filesystem::path(path).parent_path().string());
  if (!lock) return call.fail(lock.error(), exit_refused);
  const auto repair = repair_journal(path, repaired_at());
  if (!repair) return call.fail(repair.error(), exit_failed);
  if (call.common.json) {
    OrderedJson ended = OrderedJson::array();
    for (const auto& run : repair->ended) ended.push_back(to_string(run));
    call.parts.out(json_text(OrderedJson{{"changed", repair->changed},
                                         {"rows", repair->rows},
                                         {"lost", listed(repair->lost)},
                                         {"ended", ended},
                                         {"kept_as", repair->kept_as}}) +
                   "\n");
    return exit_ok;
  }
  if (!repair->changed) {
    call.parts.out(fmt::format("the journal is whole: {} rows; nothing was changed\n", repair->rows));
    return exit_ok;
  }
  call.parts.out(fmt::format("the journal was repaired: {} rows kept, {}\n", repair->rows,
                             repair->lost.empty() ? "none lost" : "these are lost:"));
  for (const auto& lost : repair->lost) call.parts.out("  " + described(lost) + "\n");
  for (const auto& run : repair->ended) {
    call.parts.out("  " + to_string(run) + " was under way and ends as an error; retry it\n");
  }
  call.parts.out("the damaged file is kept: " + repair->kept_as + "\n");
  return exit_ok;
}

}  // namespace quietgate
