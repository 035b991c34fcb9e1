#include "runner/cli/service_json.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runner/base/calendar.h"
#include "runner/base/json.h"
#include "runner/cli/terminal/screen_text.h"
#include "runner/cli/terminal/stage_activity.h"
#include "runner/ports/queue.h"

namespace quietgate {

namespace {

Milliseconds without_fraction(Milliseconds span) {
  return Milliseconds{span.count() / 1000 * 1000};
}

// Empty when nothing is waited for.
std::string waiting_text(const nlohmann::json& of) {
  auto found = of.find("waiting");
  if (found == of.end() || !found->is_object()) return {};
  if (shown_text(*found, "for") == to_string(Waiting::For::person)) return {};  // the record tells the question
  const auto reason = shown_text(*found, "reason");
  const auto span = waited_in(*found);
  return span.empty() ? reason : reason + " (" + span + ")";
}

}  // namespace

Time wall_clock() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

std::string shown_text(const nlohmann::json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

Time time_in(const nlohmann::json& text) {
  if (!text.is_string()) return {};
  const auto seconds = parse_rfc3339(text.get_ref<const std::string&>());
  return seconds ? Time{Milliseconds{std::llround(*seconds * 1000)}} : Time{};
}

std::optional<Row> row_in(const std::string& text) {
  auto json = parse_json(text);
  if (!json.is_object() || !json.contains("sequence") || !json.contains("type") || !json.contains("event"))
    return std::nullopt;
  auto event = event_from_json(json["type"].get<std::string>(), json_text(json["event"]));
  if (!event) return std::nullopt;  // of a newer service
  return Row{json["sequence"].get<std::int64_t>(), time_in(json["at"]), std::move(*event)};
}

std::string waited_in(const nlohmann::json& waiting) {
  const auto since = time_in(waiting.value("since", nlohmann::json()));
  if (since == Time{}) return {};
  return human_duration(without_fraction(std::max(Milliseconds{0}, wall_clock() - since)));
}

std::map<std::string, std::string> waiting_in(const nlohmann::json& run) {
  std::map<std::string, std::string> all;
  if (!run.is_object() || !run.contains("stages")) return all;
  if (auto text = waiting_text(run); !text.empty()) all[""] = text;
  for (const auto& stage : run["stages"]) {
    if (auto text = waiting_text(stage); !text.empty()) all[shown_text(stage, "name")] = text;
  }
  return all;
}

std::map<std::string, std::vector<Proof>> proofs_in(const nlohmann::json& run) {
  std::map<std::string, std::vector<Proof>> all;
  if (!run.is_object() || !run.contains("stages")) return all;
  for (const auto& stage : run["stages"]) {
    if (!stage.contains("progress") || !stage["progress"].is_object()) continue;
    if (auto proofs = proofs_so_far(json_text(stage["progress"])); !proofs.empty())
      all[shown_text(stage, "name")] = proofs;
  }
  return all;
}

}  // namespace quietgate
