#include "runner/cli/terminal/stage_activity.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/base/plain_file.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/ports/data_layout.h"

namespace quietgate {

namespace {

constexpr std::int64_t log_end_bytes = 512;

std::string number(double value) {
  auto text = std::to_string(static_cast<std::int64_t>(std::llround(value)));
  for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

// `9 of 10 proofs hold so far; P6 is blind: ...`; empty without proofs.
std::string proofs_line(const std::vector<Proof>& proofs) {
  if (proofs.empty()) return {};
  std::size_t hold = 0;
  const Proof* first = nullptr;
  for (const auto& proof : proofs) {
    const bool holds = proof.verdict == GateVerdict::quiet || !proof.waived.empty();
    hold += holds ? 1 : 0;
    if (!holds && first == nullptr) first = &proof;
  }
  auto line = std::to_string(hold) + " of " + std::to_string(proofs.size()) + " proofs hold so far";
  if (first != nullptr) line += "; " + first->id + " is " + to_string(first->verdict) + ": " + first->detail;
  return printable(line);
}

}  // namespace

std::vector<Proof> proofs_so_far(std::string_view progress) {
  std::vector<Proof> all;
  const auto json = parse_json(progress);
  if (!json.is_object() || !json.contains("proofs") || !json["proofs"].is_array()) return all;
  for (const auto& item : json["proofs"]) {
    if (!item.is_object()) continue;
    auto text = [&item](const char* key) {
      const auto found = item.find(key);
      return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    GateVerdict verdict = GateVerdict::blind;
    parse_gate_verdict(text("verdict"), verdict);
    all.push_back({text("id"), text("name"), verdict, text("detail"), text("waived")});
  }
  return all;
}

StageActivity activity_of(std::string_view progress, std::string_view log_end) {
  StageActivity activity;
  auto json = parse_json(progress);
  auto value = [&](const char* key) -> std::optional<double> {
    auto found = json.is_object() ? json.find(key) : json.end();
    if (!json.is_object() || found == json.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
  };
  auto elapsed = value("elapsed_ms");
  auto duration = value("duration_ms");
  if (elapsed && duration && *duration > 0) {
    activity.elapsed = Milliseconds{static_cast<std::int64_t>(*elapsed)};
    activity.duration = Milliseconds{static_cast<std::int64_t>(*duration)};
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (auto users = value("users")) add(number(*users) + " users");
    if (auto rate = value("requests_per_second")) add(number(*rate) + " req/s");
    if (auto p95 = value("p95_ms")) add("p95 " + number(*p95) + " ms");
    if (auto failures = value("failures"); failures && *failures > 0) add(number(*failures) + " failed");
    if (auto proofs = proofs_line(proofs_so_far(progress)); !proofs.empty()) add(proofs);
    activity.line = text;
    if (*elapsed < *duration) return activity;
  }
  // The last whole line that says something.
  while (!log_end.empty()) {
    const auto end = log_end.find_last_not_of("\r\n");
    if (end == std::string_view::npos) break;
    const auto begin = log_end.find_last_of("\r\n", end);
    const auto line = printable(log_end.substr(begin == std::string_view::npos ? 0 : begin + 1,
                                               begin == std::string_view::npos ? end + 1 : end - begin));
    if (line.find_first_not_of(' ') != std::string::npos) {
      activity.line = line;
      break;
    }
    log_end = log_end.substr(0, begin == std::string_view::npos ? 0 : begin);
  }
  return activity;
}

StageActivity activity_of_directory(const ProgressBoard& board, const std::string& attempt_directory) {
  return activity_of(board.read(attempt_directory),
                     read_plain_end(attempt_directory + "/" + file_name(AttemptFile::log), log_end_bytes));
}

}  // namespace quietgate
