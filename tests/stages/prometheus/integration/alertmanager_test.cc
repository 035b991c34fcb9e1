#include <gmock/gmock.h>

#include "runner/adapters/http/http_curl.h"
#include "stages/prometheus/alertmanager.h"
#include "tests/support/git_server.h"
#include "tests/support/loopback_server.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

using testing::HasSubstr;

class AlertmanagerTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string program = "/usr/bin/prometheus-alertmanager";
    if (!std::filesystem::exists(program))
      GTEST_SKIP() << "NOT TESTED: needs " << program << " (Debian package prometheus-alertmanager)";
    url = "http://127.0.0.1:" + std::to_string(free_port()) + "/alerts";
    folder.write("alertmanager.yml",
                 "route: {receiver: none}\nreceivers: [{name: none}]\ninhibit_rules:\n"
                 "  - {source_matchers: [alertname = Source], target_matchers: [alertname = Target]}\n");
    server = std::make_unique<ServerProcess>(
        std::vector<std::string>{
            program, "--config.file=" + folder.path("alertmanager.yml"), "--storage.path=" + folder.path("data"),
            "--cluster.listen-address=", "--web.listen-address=" + url.substr(7, url.find("/alerts") - 7),
            "--web.external-url=" + url},
        folder.path(), folder.path("log"));
    for (int i = 0; i < 600 && !post("/api/v2/alerts", "[]"); ++i) std::this_thread::sleep_for(Milliseconds{50});
  }
  bool post(const std::string& path, const std::string& body) {
    HttpRequest request;
    request.method = "POST";
    request.url = url + path;
    request.headers = {"Content-Type: application/json"};
    request.body = body;
    auto answer = run_task(io, http.send(std::move(request), stop));
    return answer && answer->status == 200;
  }

  TempFolder folder;
  std::unique_ptr<ServerProcess> server;
  std::string url;
  boost::asio::io_context io;
  BlockingPool pool{2};
  HttpCurl http{pool};
  Stop stop;
};

TEST_F(AlertmanagerTest, TellsItsSilencesAndWhatItHoldsBack) {
  ASSERT_TRUE(post("/api/v2/silences",
                   R"({"matchers": [{"name": "alertname", "value": "High.*", "isRegex": true, "isEqual": true}],
                       "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z", "createdBy": "ana",
                       "comment": "a deploy"})"))
      << "not ready?";
  ASSERT_TRUE(post("/api/v2/alerts", R"([{"labels": {"alertname": "Source"}}, {"labels": {"alertname": "Target"}},
                                        {"labels": {"alertname": "HighErrors", "path": "/a"}}])"));
  Result<Muting> muting = infrastructure_error("not asked");
  for (int i = 0; i < 600; ++i) {
    muting = run_task(io, ask_muting(http, url + "/", stop));
    if (!muting || muting->alerts.size() == 2) break;
    std::this_thread::sleep_for(Milliseconds{50});
  }
  ASSERT_TRUE(muting.ok()) << muting.error().message;
  ASSERT_EQ(muting->silences.size(), 1U);
  EXPECT_EQ(muting->silences[0].comment, "a deploy");
  EXPECT_TRUE(silences(muting->silences[0], {{"alertname", "HighErrors"}}));
  ASSERT_EQ(muting->alerts.size(), 2U);
  for (const auto& alert : muting->alerts) {
    if (alert.labels.at("alertname") == "Target") {
      EXPECT_EQ(alert.inhibited_by.size(), 1U);
    } else {
      EXPECT_EQ(alert.silenced_by, std::vector<std::string>{muting->silences[0].id});
    }
  }
}

TEST_F(AlertmanagerTest, IsAnErrorWhereNoneIs) {
  auto muting = run_task(io, ask_muting(http, url + "/elsewhere", stop));
  ASSERT_FALSE(muting.ok());
  EXPECT_THAT(muting.error().message, HasSubstr("/elsewhere/api/v2/silences answered 404"));
}

}  // namespace
}  // namespace quietgate
