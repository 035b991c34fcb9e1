#include <gmock/gmock.h>

#include "runner/adapters/http/http_access.h"
#include "runner/adapters/http/http_curl.h"
#include "stages/prometheus/prometheus.h"
#include "tests/support/git_server.h"
#include "tests/support/prometheus_server.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

ServerAccess::Value always(const std::string& text) {
  return [text]() -> Result<std::string> { return text; };
}

struct World {
  explicit World(std::vector<ServerAccess> servers) : http(curl, pool, std::move(servers)) {}
  boost::asio::io_context io;
  BlockingPool pool{2};
  HttpCurl curl{pool};
  HttpAccess http;
  Stop stop;
  Result<HttpResponse> get(const std::string& url, std::vector<std::string> headers = {}) {
    HttpRequest request;
    request.url = url;
    request.headers = std::move(headers);
    request.deadline = Milliseconds{5000};
    return run_task(io, http.send(std::move(request), stop));
  }
};

// Answers with what it was told of the caller.
ServerAnswer told(const ServerRequest& request) {
  ServerAnswer answer;
  std::string headers = request.headers;
  for (std::size_t begin = 0; begin < headers.size();) {
    const auto end = std::min(headers.find("\r\n", begin), headers.size());
    const auto line = headers.substr(begin, end - begin);
    if (line.starts_with("Authorization") || line.starts_with("X-")) answer.body += line + "\n";
    begin = end + 2;
  }
  return answer;
}

TEST(HttpAccess, SaysWhoAsksToTheServersThatItKnows) {
  LoopbackServer server(told);
  LoopbackServer other(told);
  ServerAccess token;
  token.url = server.url("/prom/");
  token.token = always("abc");
  token.headers["X-Scope-OrgID"] = always("team");
  ServerAccess password;
  password.url = server.url("/prom/inner");
  password.username = "ana";
  password.password = always("correct-horse");
  World world({token, password});
  EXPECT_EQ(world.get(server.url("/prom"))->body, "Authorization: Bearer abc\nX-Scope-OrgID: team\n");
  EXPECT_EQ(world.get(server.url("/prom/api/v1/query?query=up"))->body,
            "Authorization: Bearer abc\nX-Scope-OrgID: team\n");
  EXPECT_EQ(world.get(server.url("/prom/inner/x"))->body, "Authorization: Basic YW5hOmNvcnJlY3QtaG9yc2U=\n");
  for (const auto& stranger :
       {server.url("/prometheus"), server.url("/"), server.url("/prom/../x"), other.url("/prom")})
    EXPECT_EQ(world.get(stranger)->body, "") << stranger;
  EXPECT_EQ(world.get(server.url("/prom"), {"authorization: mine"})->body, "");
  const auto with_name = "http://bob:secret@127.0.0.1:" + std::to_string(server.port()) + "/prom";
  EXPECT_EQ(world.get(with_name)->body, "Authorization: Basic Ym9iOnNlY3JldA==\n");
}

TEST(HttpAccess, ReadsARenewedTokenWhenTheOldOneIsRefused) {
  std::atomic<int> generation{1};
  LoopbackServer server([&generation](const ServerRequest& request) {
    ServerAnswer answer;
    const auto valid = "Bearer token-" + std::to_string(generation.load());
    if (request.headers.find(valid) == std::string::npos) answer.status = 401;
    return answer;
  });
  std::atomic<int> reads{0};
  ServerAccess access;
  access.url = server.url();
  access.token = [&]() -> Result<std::string> {
    ++reads;
    return "token-" + std::to_string(generation.load());
  };
  World world({access});
  EXPECT_EQ(world.get(server.url("/"))->status, 200);
  EXPECT_EQ(world.get(server.url("/"))->status, 200);
  EXPECT_EQ(reads, 1);
  generation = 2;
  EXPECT_EQ(world.get(server.url("/"))->status, 200);
  EXPECT_EQ(reads, 2);
  EXPECT_EQ(server.requests(), 4);
}

TEST(HttpAccess, ATokenThatStaysRefusedIsSentOnce) {
  LoopbackServer server([](const ServerRequest&) {
    ServerAnswer answer;
    answer.status = 403;
    return answer;
  });
  ServerAccess access;
  access.url = server.url();
  access.token = always("old");
  World world({access});
  EXPECT_EQ(world.get(server.url("/"))->status, 403);
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpAccess, AValueThatCanNotBeHadIsAnErrorWithoutIt) {
  LoopbackServer server(told);
  ServerAccess access;
  access.url = server.url();
  access.token = []() -> Result<std::string> { return user_error("/run/token can't be read", "make it readable"); };
  World unreadable({access});
  auto answer = unreadable.get(server.url("/"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "token of server " + server.url() + ": /run/token can't be read");
  EXPECT_EQ(answer.error().kind, ErrorKind::infrastructure);
  access.token = always("hunter2\nX-Other: 1");
  World broken({access});
  answer = broken.get(server.url("/"));
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().message, AllOf(HasSubstr("holds a line break"), Not(HasSubstr("hunter2"))));
  EXPECT_EQ(server.requests(), 0);
}

// Prometheus behind TLS, basic authentication and a path prefix, as its own options make it.
class ProtectedPrometheus : public testing::Test {
 protected:
  void SetUp() override {
    if (!prometheus_is_installed()) GTEST_SKIP() << "NOT TESTED: needs /usr/bin/prometheus (Debian package prometheus)";
    make_certificates(folder);
    // bcrypt of `correct-horse`
    folder.write("web.yml", "tls_server_config: {cert_file: leaf.pem, key_file: leaf.key}\nbasic_auth_users:\n  ana: " +
                                std::string("$2b$04$abcdefghijklmnopqrstuuPoaPXzWjiVz4HaNq2LJXksWbO79E.S6\n"));
    server = std::make_unique<PrometheusServer>(
        folder.path(), "groups: [{name: g, rules: [{alert: A, expr: up > 2}]}]\n", target.port(), false,
        std::vector<std::string>{"--web.config.file=" + folder.path("web.yml"),
                                 "--web.external-url=https://localhost/prom"});
    url = "https://localhost:" + std::to_string(server->port()) + "/prom";
    access.url = url;
    access.username = "ana";
    access.password = always("correct-horse");
    access.ca_file = folder.path("ca.pem");
  }
  Result<bool> ready(World& world) {
    Prometheus prometheus(world.http, url, Milliseconds{5000});
    for (int i = 0; i < 600; ++i) {
      auto answer = run_task(world.io, prometheus.ready(world.stop));
      const bool starting = !answer && answer.error().message.find("refused the connection") != std::string::npos;
      if (!starting && (!answer || *answer)) return answer;
      std::this_thread::sleep_for(Milliseconds{50});
    }
    return infrastructure_error("never ready");
  }

  TempFolder folder;
  MetricsTarget target;
  std::unique_ptr<PrometheusServer> server;
  std::string url;
  ServerAccess access;
};

TEST_F(ProtectedPrometheus, IsAskedAsAnyOther) {
  World world({access});
  auto is_ready = ready(world);
  ASSERT_TRUE(is_ready.ok()) << is_ready.error().message;
  Prometheus prometheus(world.http, url, Milliseconds{5000});
  auto now = run_task(world.io, prometheus.now(world.stop));
  ASSERT_TRUE(now.ok()) << now.error().message;
  auto rules = run_task(world.io, prometheus.rules(world.stop));
  ASSERT_TRUE(rules.ok()) << rules.error().message;
  EXPECT_EQ(rules->at(0).name, "A");
  EXPECT_TRUE(run_task(world.io, prometheus.runtime(world.stop)).ok());
  EXPECT_TRUE(run_task(world.io, prometheus.targets(world.stop)).ok());
  EXPECT_TRUE(run_task(world.io, prometheus.format_query("up>1", world.stop)).ok());
  EXPECT_TRUE(run_task(world.io, prometheus.query_range("up", *now - 10, *now, 1, world.stop)).ok());
}

TEST_F(ProtectedPrometheus, RefusesAStrangerAndSaysSo) {
  access.password = always("hunter2");
  World world({access});
  auto is_ready = ready(world);
  ASSERT_FALSE(is_ready.ok());
  EXPECT_THAT(is_ready.error().message, AllOf(HasSubstr(url + "/-/ready answered 401"), Not(HasSubstr("hunter2"))));
}

TEST_F(ProtectedPrometheus, IsNotBelievedWithoutItsAuthority) {
  access.ca_file.clear();
  World stranger({access});
  auto is_ready = ready(stranger);
  ASSERT_FALSE(is_ready.ok());
  EXPECT_THAT(is_ready.error().message, HasSubstr("TLS: "));
  access.ca_file = folder.write("none.pem", "no certificate\n");
  World unreadable({access});
  is_ready = ready(unreadable);
  ASSERT_FALSE(is_ready.ok());
  EXPECT_THAT(is_ready.error().message, HasSubstr("none.pem holds no certificate that can be read"));
}

}  // namespace
}  // namespace quietgate
