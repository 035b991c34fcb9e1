// What stages kept: the listing of an attempt, and each file that it names.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/api/asked_attempt.h"
#include "runner/api/route.h"
#include "runner/base/digest.h"
#include "runner/base/json.h"

namespace quietgate {

namespace {

constexpr std::int64_t largest_listing = 16 * 1024 * 1024;

// For a header: what is not plain is `_` in the name for old clients, and escaped in the other.
std::string disposition(const std::string& path) {
  const auto name = path.substr(path.rfind('/') + 1);
  std::string plain;
  std::string escaped;
  for (const char c : name) {
    const bool is_plain = is_plain_name(std::string(1, c)) || c == '.';
    plain += is_plain ? c : '_';
    escaped += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + escaped;
}

// What an attempt kept: what is on record of it, and the text of its listing, which is what was recorded.
struct Listing {
  AttemptId attempt;
  ArtifactsKept kept;
  std::string text;
};

const ArtifactsKept* recorded_artifacts(const RunRecord& record, const AttemptId& of) {
  const auto* stage = record.stage(of.stage);
  if (stage == nullptr) return nullptr;
  for (const auto& attempt : stage->attempts) {
    if (attempt.number == of.attempt && attempt.outcome.artifacts) return &*attempt.outcome.artifacts;
  }
  return nullptr;
}

// `asked` outlives the call.
Task<std::variant<Listing, Answer>> listing_of(ApiContext& context, const Asked& asked) {
  auto found = co_await asked_attempt(context, asked, false);
  if (auto* answer = std::get_if<Answer>(&found)) co_return std::move(*answer);
  Listing listing;
  listing.attempt = std::get<AttemptId>(std::move(found));
  auto kept = co_await context.records.find(asked.run);
  if (!kept) co_return failed_answer(kept.error());
  const auto* recorded = *kept != nullptr ? recorded_artifacts((*kept)->record, listing.attempt) : nullptr;
  if (recorded == nullptr) {
    co_return error_answer(
        404, fmt::format("stage `{}` kept no artifacts at attempt {}", listing.attempt.stage, listing.attempt.attempt),
        "a `test` stage keeps the files named by `artifacts:` after its commands have ended");
  }
  listing.kept = *recorded;
  listing.text = text_of(context.attempts, listing.attempt, AttemptFile::artifact_listing, largest_listing);
  if (sha256_hex(listing.text) != listing.kept.sha256)
    co_return error_answer(503, "the list of its artifacts has another sha256 than recorded",
                           "somebody changed the data directory: run the stage again");
  co_return listing;
}

Task<ApiResponse> list_artifacts(ApiContext& context, Asked asked) {
  auto found = co_await listing_of(context, asked);
  if (auto* answer = std::get_if<Answer>(&found)) co_return std::move(*answer);
  const auto& listing = std::get<Listing>(found);
  const auto listed = parse_json(listing.text);
  nlohmann::ordered_json document{{"attempt", listing.attempt.attempt},
                                  {"files", listing.kept.files},
                                  {"bytes", listing.kept.bytes},
                                  {"sha256", listing.kept.sha256}};
  document["artifacts"] =
      listed.is_object() ? listed.value("artifacts", nlohmann::json::array()) : nlohmann::json::array();
  co_return json_answer(json_text(document) + "\n");
}

Task<ApiResponse> give_artifact(ApiContext& context, Asked asked) {
  auto found = co_await listing_of(context, asked);
  if (auto* answer = std::get_if<Answer>(&found)) co_return std::move(*answer);
  const auto& listing = std::get<Listing>(found);
  const auto& path = asked.names.at("path");
  const auto listed = parse_json(listing.text);
  const auto artifacts =
      listed.is_object() ? listed.value("artifacts", nlohmann::json::array()) : nlohmann::json::array();
  for (const auto& each : artifacts) {
    if (each.value("path", std::string()) != path) continue;
    auto opened = context.attempts.open_artifact(listing.attempt, path);
    if (!opened) co_return failed_answer(opened.error());
    if (!opened->has_value() || (*opened)->size != each.value("bytes", std::int64_t{-1}))
      co_return error_answer(503, "the file has another size than recorded",
                             "somebody changed the data directory: run the stage again");
    FileAnswer answer;
    answer.file = std::move((*opened)->file);
    answer.size = (*opened)->size;
    answer.content_type = "application/octet-stream";
    answer.headers.emplace_back("Content-Disposition", disposition(path));
    answer.headers.emplace_back("X-Artifact-Sha256", each.value("sha256", std::string()));
    co_return std::move(answer);
  }
  co_return error_answer(404, "the stage kept no `" + path.substr(0, 200) + "`",
                         "see the list: the same address without the path");
}

}  // namespace

Route artifacts_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/artifacts", Permission::read, no_body,
          list_artifacts};
}

Route artifact_route() {
  return {"GET", "/api/v1/runs/{repository}/{number}/stages/{stage}/artifacts/{path}", Permission::read, no_body,
          give_artifact};
}

}  // namespace quietgate
