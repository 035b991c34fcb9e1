// The evidence of a run's promotions, and the key that it is signed with.
#include <nlohmann/json.hpp>

#include "runner/api/route.h"
#include "runner/base/json.h"

namespace quietgate {

namespace {

constexpr std::size_t rows_of_evidence = 512;

Task<ApiResponse> list_evidence(ApiContext& context, Asked asked) {
  auto kept = co_await context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  if (*kept == nullptr) co_return no_run(asked.run);
  auto list = nlohmann::json::array();
  for (std::int64_t cursor = 0;;) {
    auto rows = co_await context.journal.read(cursor, rows_of_evidence, asked.run);
    if (!rows) co_return failed_answer(rows.error());
    for (const auto& row : *rows) {
      cursor = row.sequence;
      if (const auto* sealed = std::get_if<EvidenceSealed>(&row.event)) {
        list.push_back({{"stage", sealed->stage},
                        {"commit", sealed->commit},
                        {"sealed_at", iso_time(row.at)},
                        {"attached_at", nullptr},
                        {"envelope", sealed->envelope}});
      } else if (const auto* published = std::get_if<EvidencePublished>(&row.event)) {
        for (auto& one : list) {
          if (one["stage"] == published->stage) one["attached_at"] = iso_time(row.at);
        }
      }
    }
    if (rows->size() < rows_of_evidence) break;
  }
  co_return json_answer(json_text(nlohmann::json{{"evidence", std::move(list)}}) + "\n");
}

Task<ApiResponse> give_evidence_key(ApiContext& context, Asked) {
  if (context.options.evidence_key.empty()) co_return error_answer(404, "this service has no key for evidence");
  co_return text_answer(context.options.evidence_key, 200, "application/x-pem-file");
}

}  // namespace

Route evidence_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/evidence", Permission::read, no_body, list_evidence};
}

Route evidence_key_route() {
  return {"GET", "/api/v1/evidence-key", Permission::read, no_body, give_evidence_key};
}

}  // namespace quietgate
