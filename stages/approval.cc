#include "stages/approval.h"

namespace quietgate {

namespace {

constexpr std::size_t rows_at_once = 500;

// Reads what the journal has of this run after the cursor, and moves the cursor.
Result<std::vector<Row>> read_on(Journal& journal, const RunId& run, std::int64_t& cursor) {
  std::vector<Row> all;
  for (;;) {
    auto rows = journal.read(cursor, rows_at_once, run);
    if (!rows) return rows.error();
    if (rows->empty()) return all;
    cursor = rows->back().sequence;
    for (auto& row : *rows) all.push_back(std::move(row));
  }
}

bool awaited_in(const std::vector<Row>& rows, const StageRequest& request) {
  bool awaited = false;
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<StageStarted>(&row.event); e && e->stage == request.spec.name) awaited = false;
    if (const auto* e = std::get_if<ApprovalAwaited>(&row.event); e && e->stage == request.spec.name) awaited = true;
  }
  return awaited;
}

}  // namespace

std::string Decision::sentence() const {
  auto text = (granted ? "approved by " : "refused by ") + (by.empty() ? std::string("somebody") : by);
  return reason.empty() ? text : text + ": " + reason;
}

std::optional<Decision> decision_in(const std::vector<Row>& rows, const std::string& stage) {
  std::optional<Decision> decision;
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<ApprovalGiven>(&row.event); e != nullptr && e->stage == stage)
      decision = Decision{e->granted, e->by, e->reason};
    if (const auto* e = std::get_if<PromotionRequested>(&row.event)) decision = Decision{true, e->by, e->reason};
  }
  return decision;
}

std::optional<PromotionRequested> promotion_request_in(const std::vector<Row>& rows) {
  std::optional<PromotionRequested> found;
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<PromotionRequested>(&row.event)) found = *e;
  }
  return found;
}

Task<Result<Decision>> await_decision(const StageRequest& request, std::string message) {
  auto& bell = request.journal->bell();
  std::int64_t cursor = 0;
  bool asked = false;
  for (;;) {
    const auto seen = bell.rings();
    auto rows = read_on(*request.journal, request.run, cursor);
    if (!rows) co_return rows.error();
    if (auto decision = decision_in(*rows, request.spec.name)) {
      request.log->line(decision->sentence());
      co_return *decision;
    }
    if (!asked) {
      asked = true;
      request.log->line("waiting for approval: " + message);
      if (!awaited_in(*rows, request)) {
        std::vector<Event> events;
        events.emplace_back(ApprovalAwaited{request.run, request.spec.name, message});
        if (auto written = request.journal->append(std::move(events)); !written) co_return written.error();
        continue;
      }
    }
    co_await bell.wait(seen, *request.stop);
  }
}

}  // namespace quietgate
