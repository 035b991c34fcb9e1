// What stages kept: the listing of an attempt, and each file that it names.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runner/api/api_asked.h"
#include "runner/base/digest.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

constexpr std::int64_t largest_listing = 16 * 1024 * 1024;

std::string text_of(const std::string& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size > largest_listing) return {};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

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

// A regular file to which no link leads.
std::int64_t size_without_links(const std::string& folder, const std::string& path) {
  std::error_code error;
  const auto root = std::filesystem::canonical(folder, error);
  const auto real = error ? root : std::filesystem::canonical(root / path, error);
  struct stat facts {};
  if (error || real != root / path || ::lstat(real.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return -1;
  return facts.st_size;
}

}  // namespace

std::variant<Api::Listing, Answer> Api::listing_of(const Asked& asked) {
  auto found = attempt_of(asked, false);
  if (auto* answer = std::get_if<Answer>(&found)) return *answer;
  const auto& feed = std::get<LogFeed>(found);
  auto kept = this->kept(feed.run);
  if (!kept) return failed_answer(kept.error());
  Listing listing;
  listing.attempt = feed.attempt;
  const auto* stage = *kept != nullptr ? (*kept)->record.stage(feed.stage) : nullptr;
  bool recorded = false;
  for (const auto& attempt : stage != nullptr ? stage->attempts : std::vector<AttemptRecord>()) {
    if (attempt.number != feed.attempt || !attempt.outcome.artifacts) continue;
    listing.kept = *attempt.outcome.artifacts;
    recorded = true;
  }
  if (!recorded)
    return error_answer(404, fmt::format("stage `{}` kept no artifacts at attempt {}", feed.stage, feed.attempt),
                        "a `test` stage keeps what its `artifacts:` name, when its commands have ended");
  listing.folder = attempt_path(feed.run, feed.stage, feed.attempt, "artifacts");
  listing.text = text_of(attempt_path(feed.run, feed.stage, feed.attempt, "artifacts.json"));
  if (sha256_hex(listing.text) != listing.kept.sha256)
    return error_answer(503, "the listing of its artifacts is not what was recorded: its sha256 is another",
                        "somebody changed the data directory: run the stage again");
  return listing;
}

ApiResponse Api::artifacts(const Asked& asked) {
  auto found = listing_of(asked);
  if (auto* answer = std::get_if<Answer>(&found)) return *answer;
  const auto& listing = std::get<Listing>(found);
  const auto listed = Json::parse(listing.text, nullptr, false);
  nlohmann::ordered_json document{{"attempt", listing.attempt},
                                  {"files", listing.kept.files},
                                  {"bytes", listing.kept.bytes},
                                  {"sha256", listing.kept.sha256}};
  document["artifacts"] = listed.is_object() ? listed.value("artifacts", Json::array()) : Json::array();
  return json_answer(document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

ApiResponse Api::artifact(const Asked& asked) {
  auto found = listing_of(asked);
  if (auto* answer = std::get_if<Answer>(&found)) return *answer;
  const auto& listing = std::get<Listing>(found);
  const auto& path = asked.names.at("path");
  const auto listed = Json::parse(listing.text, nullptr, false);
  if (listed.is_object() && listed.contains("artifacts")) {
    for (const auto& each : listed["artifacts"]) {
      if (each.value("path", std::string()) != path) continue;
      const auto size = size_without_links(listing.folder, path);
      if (size != each.value("bytes", std::int64_t{-1}))
        return error_answer(503, "the file is not what the stage kept: its size is another",
                            "somebody changed the data directory: run the stage again");
      return FileAnswer{
          listing.folder + "/" + path,
          0,
          size,
          "application/octet-stream",
          {{"Content-Disposition", disposition(path)}, {"X-Artifact-Sha256", each.value("sha256", std::string())}}};
    }
  }
  return error_answer(404, "the stage kept no `" + path.substr(0, 200) + "`",
                      "see the listing: the same address without the path");
}

}  // namespace quietgate
