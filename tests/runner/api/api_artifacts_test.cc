// What stages kept, by the API: the listing, and no file but those that it names.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "runner/api/api.h"
#include "runner/base/digest.h"
#include "runner/base/plain_file.h"
#include "tests/support/fake_attempt_store.h"
#include "tests/support/fake_journal.h"
#include "tests/support/run_task.h"
#include "tests/support/slow_journal.h"

namespace quietgate {
namespace {

using Json = nlohmann::json;

class ApiArtifacts : public ::testing::Test {
 protected:
  ApiArtifacts() : journal(context.get_executor()) {
    api.emplace(slow, slow_catalog, attempts, ApiOptions());
    attempts.keep(unit, "out/my app#1", "binary");
    attempts.keep(unit, "unlisted", "secret");
    listing = R"({"version":2,"artifacts":[{"path":"out/my app#1","bytes":6,"mode":"0755","sha256":")" +
              sha256_hex("binary") + "\"}]}\n";
    attempts.leave(unit, AttemptFile::artifact_listing, listing);
    journal.add(RunRequested{run, "main", commit_a, "main moved"});
    journal.add(PlanCompiled{run, sample_plan(run)});
    journal.add(StageStarted{run, "unit", 1});
    auto passed = outcome_of(Outcome::passed, "built");
    passed.artifacts = ArtifactsKept{1, 6, sha256_hex(listing)};
    journal.add(StageFinished{run, "unit", 1, passed});
    journal.add(StageStarted{run, "load", 1});
  }
  ApiResponse get(const std::string& stage, const std::string& rest = {}) {
    ApiRequest request;
    request.host = "localhost";
    request.target = "/api/v1/runs/hello/1/stages/" + stage + "/artifacts" + rest;
    return run_task(context, api->handle(request));
  }
  int status(const std::string& rest) {
    auto response = get("unit", rest);
    const auto* answer = std::get_if<Answer>(&response);
    return answer != nullptr ? answer->status : 200;
  }

  const RunId run{"hello", 1};
  const AttemptId unit{run, "unit", 1};
  boost::asio::io_context context;
  FakeJournal journal;
  SlowJournal slow{journal, context.get_executor(), journal_ticks()};
  SlowCatalog slow_catalog{journal, context.get_executor(), journal_ticks()};
  FakeAttemptStore attempts;
  std::string listing;
  std::optional<Api> api;
};

TEST_F(ApiArtifacts, ListsWhatAnAttemptKept) {
  EXPECT_EQ(std::get<Answer>(get("unit")).body,
            R"({"attempt":1,"files":1,"bytes":6,"sha256":")" + sha256_hex(listing) +
                R"(","artifacts":[{"bytes":6,"mode":"0755","path":"out/my app#1","sha256":")" + sha256_hex("binary") +
                "\"}]}\n");
  EXPECT_EQ(status("?attempt=1"), 200);
  EXPECT_EQ(status("?attempt=2"), 404);
  EXPECT_EQ(std::get<Answer>(get("load")).status, 404) << "it has not ended";
  EXPECT_EQ(std::get<Answer>(get("none")).status, 404);
}

TEST_F(ApiArtifacts, SendsAFileThatIsListed) {
  auto response = get("unit", "/out/my%20app%231");
  const auto& file = std::get<FileAnswer>(response);
  EXPECT_EQ(read_plain(file.file, 0, 100), "binary");
  EXPECT_EQ(file.size, 6);
  EXPECT_EQ(file.content_type, "application/octet-stream");
  EXPECT_EQ(file.headers[0].second, "attachment; filename=\"my_app_1\"; filename*=UTF-8''my%20app%231");
  EXPECT_EQ(file.headers[1].second, sha256_hex("binary"));
}

TEST_F(ApiArtifacts, SendsNothingElse) {
  for (const char* path : {"/unlisted", "/out", "/../log", "/out/../unlisted", "/out/%2e%2e/unlisted", "/%2e%2e/log",
                           "/out%2fmy%20app%231", "/out//x", "/%00", "/x%0d%0aX:%20y", "/%zz"})
    EXPECT_EQ(status(path), 404) << path;
}

TEST_F(ApiArtifacts, SaysWhenAFileIsNotWhatWasKept) {
  attempts.keep(unit, "out/my app#1", "longer than it was");
  EXPECT_EQ(status("/out/my%20app%231"), 503);
  attempts.lose(unit, "out/my app#1");
  EXPECT_EQ(status("/out/my%20app%231"), 503);
  attempts.leave(unit, AttemptFile::artifact_listing, listing + " ");
  EXPECT_EQ(status(""), 503);
}

}  // namespace
}  // namespace quietgate
