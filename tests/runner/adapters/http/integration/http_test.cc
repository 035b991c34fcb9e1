#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>

#include "runner/adapters/http/http_curl.h"
#include "stages/prometheus/prometheus.h"
#include "tests/support/loopback_server.h"
#include "tests/support/run_task.h"

namespace quietgate {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct World {
  boost::asio::io_context io;
  BlockingPool pool{2};
  HttpCurl http{pool};
  Stop stop;
  Result<HttpResponse> send(HttpRequest request) { return run_task(io, http.send(std::move(request), stop)); }
  Result<HttpResponse> get(const std::string& url, Milliseconds deadline = Milliseconds{5000}) {
    HttpRequest request;
    request.url = url;
    request.deadline = deadline;
    return send(request);
  }
};

ServerAnswer echo(const ServerRequest& request) {
  ServerAnswer answer;
  answer.headers = "X-Method: " + request.method + "\r\nX-Path:" + request.path + "  \r\n";
  answer.body = request.body;
  return answer;
}

TEST(HttpCurl, ExchangesAndKeepsTheConnection) {
  LoopbackServer server(echo);
  World world;
  HttpRequest request;
  request.method = "POST";
  request.url = server.url("/a?b=c");
  request.body = std::string("one\0two", 7);
  auto answer = world.send(request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, request.body);
  EXPECT_EQ(answer->headers.at("x-method"), "POST");
  EXPECT_EQ(answer->headers.at("x-path"), "/a?b=c");
  EXPECT_LE(answer->sent, answer->received);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(world.get(server.url("/")).ok());
  EXPECT_EQ(server.connections(), 1);
  request.method = "PUT";
  EXPECT_EQ(world.send(request)->headers.at("x-method"), "PUT");
}

TEST(HttpCurl, AnyStatusIsAValueAndRedirectsAreNotFollowed) {
  LoopbackServer server([](const ServerRequest&) {
    ServerAnswer answer;
    answer.status = 302;
    answer.headers = "Location: /elsewhere\r\n";
    return answer;
  });
  World world;
  auto answer = world.get(server.url("/"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->headers.at("location"), "/elsewhere");
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpCurl, NamesTheUrlWithoutCredentialsWhenNobodyAnswers) {
  int port = 0;
  { port = LoopbackServer(echo).port(); }
  World world;
  auto answer = world.get("http://ana:secret@127.0.0.1:" + std::to_string(port) + "/p?token=secret");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::infrastructure);
  EXPECT_EQ(answer.error().message, "http://127.0.0.1:" + std::to_string(port) + "/p refused the connection");
}

TEST(HttpCurl, BoundsTimeAndSize) {
  LoopbackServer server([](const ServerRequest& request) {
    ServerAnswer answer;
    answer.hang = request.path == "/hang";
    answer.body.assign(100'000, 'x');
    return answer;
  });
  World world;
  auto hung = world.get(server.url("/hang"), Milliseconds{200});
  ASSERT_FALSE(hung.ok());
  EXPECT_THAT(hung.error().message, HasSubstr("/hang did not answer within 200ms"));
  EXPECT_EQ(hung.error().cause, ErrorCause::too_much);
  HttpRequest request;
  request.url = server.url("/big");
  request.max_bytes = 99'999;
  auto big = world.send(request);
  ASSERT_FALSE(big.ok());
  EXPECT_THAT(big.error().message, HasSubstr("answered more than 99999 bytes"));
  EXPECT_EQ(big.error().cause, ErrorCause::too_much);
  request.max_bytes = 100'000;
  EXPECT_TRUE(world.send(request).ok());
}

TEST(HttpCurl, TheDeadlineCountsTheWaitForAThread) {
  LoopbackServer server([](const ServerRequest&) { return ServerAnswer{200, {}, {}, true, {}}; });
  World world;
  std::optional<Result<HttpResponse>> last;
  HttpRequest request;
  request.url = server.url("/");
  request.deadline = Milliseconds{300};
  auto ignore = [](std::exception_ptr) {};
  std::optional<Result<HttpResponse>> a;
  std::optional<Result<HttpResponse>> b;
  spawn(world.io.get_executor(), keep_value(world.http.send(request, world.stop), a), ignore);
  spawn(world.io.get_executor(), keep_value(world.http.send(request, world.stop), b), ignore);
  request.deadline = Milliseconds{100};
  spawn(world.io.get_executor(), keep_value(world.http.send(request, world.stop), last), ignore);
  world.io.run();
  ASSERT_TRUE(last && !last->ok());
  EXPECT_THAT(last->error().message, HasSubstr("was not asked within 100ms"));
}

TEST(HttpCurl, TornAndGarbledAnswersAreErrors) {
  LoopbackServer server([](const ServerRequest& request) {
    ServerAnswer answer;
    if (request.path == "/torn") answer.raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    if (request.path == "/garbage") answer.raw = "220 smtp ready\r\n\r\n";
    if (request.path == "/headers") answer.raw = "HTTP/1.1 200 OK\r\n" + std::string(300'000, 'h') + ": x\r\n\r\n";
    return answer;
  });
  World world;
  for (const auto* path : {"/torn", "/garbage", "/headers"}) {
    auto answer = world.get(server.url(path));
    ASSERT_FALSE(answer.ok()) << path;
    EXPECT_THAT(answer.error().message, HasSubstr(server.url(path)));
  }
}

TEST(HttpCurl, RefusesWhatIsNotHttp) {
  World world;
  for (const auto* url : {"file:///etc/passwd", "gopher://x/", "", "127.0.0.1:80/x", "ftp://ana:secret@h/"}) {
    auto answer = world.get(url);
    ASSERT_FALSE(answer.ok()) << url;
    EXPECT_THAT(answer.error().message, Not(HasSubstr("secret")));
  }
  HttpRequest request;
  request.url = "http://127.0.0.1:1/";
  request.headers = {"X: a\r\nY: b"};
  EXPECT_THAT(world.send(request).error().message, HasSubstr("line break"));
}

TEST(HttpCurl, AStopEndsTheWaitAtOnce) {
  LoopbackServer server([](const ServerRequest&) { return ServerAnswer{200, {}, {}, true, {}}; });
  World world;
  boost::asio::steady_timer timer(world.io, Milliseconds{50});
  timer.async_wait([&world](auto) { world.stop.request(StopReason::cancel, "cancelled by ana"); });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW((void)world.get(server.url("/"), Milliseconds{60'000}), Stopped);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(PrometheusReader, AsksInFormsAndJoinsChunks) {
  std::vector<std::string> bodies;
  LoopbackServer server([&bodies](const ServerRequest& request) {
    bodies.push_back(request.path + " " + request.body);
    ServerAnswer answer;
    const auto start = request.body.substr(request.body.find("start=") + 6, 10);
    answer.body = R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[)" +
                  start + R"(,"1"]]}]}})";
    return answer;
  });
  World world;
  Prometheus prometheus(world.http, server.url("/prefix/"));
  auto answer = run_task(world.io, prometheus.query_range("a + b", 1'700'000'000, 1'700'015'000, 1, world.stop));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  ASSERT_EQ(answer->size(), 1U);
  EXPECT_EQ(answer->front().samples.size(), 2U);
  EXPECT_THAT(bodies, testing::ElementsAre("/prefix/api/v1/query_range query=a%20%2B%20b&start=1700000000.000&"
                                           "end=1700009999.000&step=1.000",
                                           "/prefix/api/v1/query_range query=a%20%2B%20b&start=1700010000.000&"
                                           "end=1700015000.000&step=1.000"));
}

TEST(PrometheusReader, TellsTheServersWords) {
  LoopbackServer server([](const ServerRequest& request) {
    ServerAnswer answer;
    answer.status = request.path == "/-/ready" ? 503 : 422;
    answer.body = R"({"status":"error","errorType":"execution","error":"many-to-many matching not allowed"})";
    return answer;
  });
  World world;
  Prometheus prometheus(world.http, "http://ana:secret@127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(prometheus.url(), server.url());
  auto answer = run_task(world.io, prometheus.query("x", world.stop));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message,
            server.url() + "/api/v1/query answered 422: execution: many-to-many matching not allowed");
  EXPECT_FALSE(run_task(world.io, prometheus.ready(world.stop)).value());
}

}  // namespace
}  // namespace quietgate
