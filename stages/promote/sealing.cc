#include "stages/promote/sealing.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/base/digest.h"
#include "runner/base/tree.h"
#include "runner/model/evidence.h"
#include "stages/attempt/step.h"

namespace quietgate {

namespace {

constexpr std::size_t sealing_batch = 512;
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
    auto text = nlohmann::json(secret).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    all.push_back(text.substr(1, text.size() - 2));
  }
  return all;
}

const EvidenceSealed* sealed_in(const std::vector<Row>& rows, const std::string& stage) {
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<EvidenceSealed>(&row.event); e != nullptr && e->stage == stage) return e;
  }
  return nullptr;
}

bool published_in(const std::vector<Row>& rows, const std::string& stage) {
  return std::any_of(rows.begin(), rows.end(), [&stage](const Row& row) {
    const auto* e = std::get_if<EvidencePublished>(&row.event);
    return e != nullptr && e->stage == stage;
  });
}

}  // namespace

Result<std::vector<Row>> Sealing::rows() const {
  std::vector<Row> all;
  for (;;) {
    auto rows = request_.journal->read(all.empty() ? 0 : all.back().sequence, sealing_batch, request_.run);
    if (!rows) return rows.error();
    const bool last = rows->size() < sealing_batch;
    std::move(rows->begin(), rows->end(), std::back_inserter(all));
    if (last) return all;
  }
}

Task<void> Sealing::record(Event event) {
  bool told = false;
  for (auto pause = first_sealing_pause;; pause = std::min(2 * pause, longest_sealing_pause)) {
    std::vector<Event> events;
    events.push_back(event);
    auto written = request_.journal->append(std::move(events));
    if (written) co_return;
    if (!told) request_.log->line("the evidence can't be recorded yet: " + written.error().message);
    told = true;
    co_await clock_.sleep(pause, *request_.runner);
  }
}

std::string Sealing::statement(const std::vector<Row>& rows, const Row& promoted, std::string prometheus) const {
  RunState state;
  state.id = request_.run;
  PromotionFacts facts;
  facts.promoted = std::get<CommitPromoted>(promoted.event);
  facts.at = promoted.at;
  facts.prometheus = std::move(prometheus);
  for (const auto& row : rows) {
    if (row.sequence > promoted.sequence) break;
    fold(state, row.event, row.at);
    if (const auto* e = std::get_if<PromotionIntended>(&row.event); e != nullptr && e->stage == request_.spec.name)
      facts.intent = *e;
    if (const auto* e = std::get_if<GateJudged>(&row.event); e != nullptr && e->stage == request_.spec.name) {
      facts.gate = e->judgement;
      facts.judged = row.at;
    }
    if (const auto* e = std::get_if<PromotionRequested>(&row.event); e != nullptr) {
      facts.asked = *e;
      facts.asked_at = row.at;
    }
  }
  facts.measurements = measurements_of(state, request_.directory);
  return masked(promotion_statement(state, facts), as_written(request_.secrets));
}

Task<std::string> Sealing::seal(std::string prometheus) {
  auto all = rows();
  for (auto pause = first_sealing_pause; !all; pause = std::min(2 * pause, longest_sealing_pause)) {
    request_.log->line("the evidence can't be sealed yet: " + all.error().message);
    co_await clock_.sleep(pause, *request_.runner);
    all = rows();
  }
  const Row* promoted = nullptr;
  for (const auto& row : *all) {
    const auto* e = std::get_if<CommitPromoted>(&row.event);
    if (e != nullptr && e->stage == request_.spec.name) promoted = &row;
  }
  if (promoted == nullptr || published_in(*all, request_.spec.name)) co_return std::string();
  EvidenceSealed sealed{request_.run, request_.spec.name, std::get<CommitPromoted>(promoted->event).to, {}};
  if (const auto* before = sealed_in(*all, request_.spec.name)) {
    sealed = *before;
  } else {
    sealed.envelope = sealer_.seal(statement(*all, *promoted, std::move(prometheus)));
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
