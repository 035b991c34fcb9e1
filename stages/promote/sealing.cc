#include "stages/promote/sealing.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/base/digest.h"
#include "runner/base/files.h"
#include "runner/base/json.h"
#include "runner/model/evidence.h"
#include "runner/ports/folded_run.h"
#include "stages/attempt/step.h"

namespace quietgate {

namespace {

constexpr std::size_t largest_hashed = 8u << 20;
constexpr Milliseconds first_sealing_pause{1'000};
constexpr Milliseconds longest_sealing_pause{30'000};

// The samples that the last attempt of each stage left beside this one's.
std::map<std::string, MeasurementsFile> measurements_of(const RunState& state, const std::string& attempt) {
  std::map<std::string, MeasurementsFile> found;
  const auto run = std::filesystem::path(attempt).parent_path();
  for (const auto& [name, stage] : state.stages) {
    const auto path = run / (name + "." + std::to_string(stage.attempt)) / "measurements.ndjson";
    std::error_code none;
    const auto size = std::filesystem::file_size(path, none);
    if (none) continue;
    MeasurementsFile file{static_cast<std::int64_t>(size), {}};
    auto text = read_file_bounded(path.string(), largest_hashed);
    if (text && text->size() == size) file.sha256 = sha256_hex(*text);
    found.emplace(name, std::move(file));
  }
  return found;
}

// Secrets as they are, and as JSON has them.
std::vector<std::string> as_written(const std::vector<std::string>& secrets) {
  auto all = secrets;
  for (const auto& secret : secrets) {
    auto text = json_text(nlohmann::json(secret));
    all.push_back(text.substr(1, text.size() - 2));
  }
  return all;
}

}  // namespace

Task<Result<Sealing::Material>> Sealing::material() const {
  RunState now = *request_.run_state;
  auto read = co_await read_on(*request_.journal, now);
  if (!read) co_return read.error();
  const auto& stage = now.stages.at(request_.spec.name);
  Material found;
  found.wanted = stage.promoted && !stage.evidence.published;
  if (!found.wanted) co_return found;
  if (stage.evidence.sealed > 0) {
    auto rows = co_await request_.journal->read(stage.evidence.sealed - 1, 1, request_.run);
    if (!rows) co_return rows.error();
    if (!rows->empty()) {
      if (const auto* sealed = std::get_if<EvidenceSealed>(&rows->front().event)) found.sealed = *sealed;
    }
    if (found.sealed) co_return found;
  }
  // What came after it is no part of why the commit was let through.
  auto before = co_await fold_run(*request_.journal, request_.run, stage.promotion_row);
  if (!before) co_return before.error();
  found.at_promotion = std::move(*before);
  co_return found;
}

Task<void> Sealing::record(Event event) {
  bool told = false;
  for (auto pause = first_sealing_pause;; pause = std::min(2 * pause, longest_sealing_pause)) {
    std::vector<Event> events;
    events.push_back(event);
    auto written = co_await request_.journal->append(std::move(events));
    if (written) co_return;
    if (!told) request_.log->line("the evidence can't be recorded yet: " + written.error().message);
    told = true;
    co_await clock_.sleep(pause, *request_.runner);
  }
}

std::string Sealing::statement(const RunState& at_promotion, std::string prometheus) const {
  const auto& stage = at_promotion.stages.at(request_.spec.name);
  PromotionFacts facts;
  facts.promoted = stage.promotion;
  facts.at = stage.promoted_at;
  facts.intent = stage.promoted_by;
  facts.prometheus = std::move(prometheus);
  if (stage.judged) {
    facts.gate = stage.judged->judgement;
    facts.judged = stage.judged->at;
  }
  facts.asked = at_promotion.promotion_request;
  facts.asked_at = at_promotion.promotion_requested;
  facts.measurements = measurements_of(at_promotion, request_.directory);
  return masked(promotion_statement(at_promotion, facts), as_written(request_.secrets));
}

Task<std::string> Sealing::seal(std::string prometheus) {
  auto made_of = co_await material();
  for (auto pause = first_sealing_pause; !made_of; pause = std::min(2 * pause, longest_sealing_pause)) {
    request_.log->line("the evidence can't be sealed yet: " + made_of.error().message);
    co_await clock_.sleep(pause, *request_.runner);
    made_of = co_await material();
  }
  if (!made_of->wanted) co_return std::string();
  EvidenceSealed sealed;
  if (made_of->sealed) {
    sealed = *made_of->sealed;
  } else {
    const auto& run = made_of->at_promotion;
    sealed = {request_.run, request_.spec.name, run.stages.at(request_.spec.name).promotion.to, {}};
    sealed.envelope = sealer_.seal(statement(run, std::move(prometheus)));
    Event event = sealed;
    co_await record(std::move(event));
    request_.log->line("evidence sealed: quietgate evidence " + to_string(request_.run));
  }
  std::string ref = evidence_notes;
  auto pushed =
      co_await git_.push_note(request_.remote, std::move(ref), sealed.commit, sealed.envelope, *request_.runner);
  if (!pushed) co_return pushed.error().message;
  if (pushed->kind == NoteOutcome::Kind::refused)
    co_return fmt::format("the server refused {}: {}", evidence_notes, pushed->detail);
  Event published = EvidencePublished{request_.run, request_.spec.name, sealed.commit};
  co_await record(std::move(published));
  request_.log->line(
      fmt::format("evidence attached to {} as a note in {}", sealed.commit.substr(0, 7), evidence_notes));
  co_return std::string();
}

}  // namespace quietgate
