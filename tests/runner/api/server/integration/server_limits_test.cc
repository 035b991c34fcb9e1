// What the listener takes and what it refuses, over real sockets: heads that two programs could read in two ways,
// bodies that nobody may send, clients that say nothing.
#include <list>

#include "tests/support/server_world.h"

namespace quietgate {
namespace {

class Limits : public ServerTest {
 protected:
  std::string token() const { return "Authorization: Bearer " + std::string(64, 'a') + "\r\n"; }
  std::string post(const std::string& fields, const std::string& body = {}) const {
    return "POST /api/v1/runs/hello/1/cancel HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n" + body;
  }
  // All that is answered until the server ends the connection.
  std::string talk(const std::string& request) {
    Raw client(port);
    client.send(request);
    auto text = client.receive(1 << 20);
    EXPECT_TRUE(client.ended()) << request.substr(0, 200);
    return text;
  }
  static int answers(const std::string& text) {
    int count = 0;
    for (auto at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1)) ++count;
    return count;
  }
  static std::int64_t resident() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t pages = 0;
    std::int64_t mine = 0;
    statm >> pages >> mine;
    return mine * ::sysconf(_SC_PAGESIZE);
  }
};

TEST_F(Limits, AHeadThatCouldBeReadInTwoWaysIsRefused) {
  start();
  const std::string close = "Connection: close\r\n";
  const std::string chunked = "0\r\n\r\n";
  struct Case {
    const char* what;
    std::string request;
    int status;
  };
  std::string many;
  for (int i = 0; i < 120; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  const std::vector<Case> cases{
      {"unknown coding", post(token() + "Transfer-Encoding: gzip\r\n", "x"), 501},
      {"coding that hides another", post(token() + "Transfer-Encoding: identity, chunked\r\n", chunked), 501},
      {"chunked not last", post(token() + "Transfer-Encoding: chunked, gzip\r\n", chunked), 501},
      {"odd spelling", post(token() + "Transfer-Encoding: xchunked\r\n", chunked), 501},
      {"two codings", post(token() + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked), 400},
      {"both", post(token() + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", chunked), 400},
      {"both, turned", post(token() + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", chunked), 400},
      {"two lengths", post(token() + "Content-Length: 2\r\nContent-Length: 3\r\n", "{} "), 400},
      {"one length twice", post(token() + "Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400},
      {"list of lengths", post(token() + "Content-Length: 2, 2\r\n", "{}"), 400},
      {"signed length", post(token() + "Content-Length: +2\r\n", "{}"), 400},
      {"negative length", post(token() + "Content-Length: -2\r\n", "{}"), 400},
      {"hexadecimal length", post(token() + "Content-Length: 0x2\r\n", "{}"), 400},
      {"overflowing length", post(token() + "Content-Length: 18446744073709551618\r\n", "{}"), 400},
      {"space before the colon", post(token() + "Content-Length : 2\r\n", "{}"), 400},
      {"field without a name", post(token() + ": x\r\n"), 400},
      {"zero byte", post(token() + std::string("X: a\0b\r\n", 8)), 400},
      {"bare line feed", "GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n", 400},
      {"chunked in 1.0",
       "POST /api/v1/runs/hello/1/cancel HTTP/1.0\r\nHost: 127.0.0.1\r\n" + token() +
           "Transfer-Encoding: chunked\r\n\r\n" + chunked,
       400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"HTTP/0.9", "GET /healthz\r\n\r\n", 400},
      {"odd version", "GET /healthz HTTP/1.2\r\nHost: 127.0.0.1\r\n\r\n", 400},
      {"too many fields", get("/healthz", many), 431},
      {"one long field", get("/healthz", "X: " + std::string(20'000, 'x') + "\r\n"), 431},
      {"long target", "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n", 431},
      {"strange expectation", post(token() + "Content-Length: 2\r\nExpect: a miracle\r\n"), 417},
      {"bad size of a chunk", post(token() + "Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), 400},
      {"huge chunk", post(token() + "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), 400},
      {"chunks over the limit",
       post(token() + "Transfer-Encoding: chunked\r\n", "20000\r\n" + std::string(0x20000, ' ') + "\r\n0\r\n\r\n"),
       413},
      {"two hosts", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n" + close + "\r\n", 403},
      {"foreign host in the target", "GET http://evil.example/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n" + close + "\r\n",
       403},
      {"whole address", "GET http://127.0.0.1:8330/healthz HTTP/1.1\r\nHost: evil.example\r\n" + close + "\r\n", 200},
      {"HTTP/1.0", "GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 200},
      {"tunnel", "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n" + close + "\r\n", 404},
      {"all options", "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n" + close + "\r\n", 404},
      {"body where none belongs", get("/healthz", "Content-Length: 1\r\n") + "x", 413},
      {"chunks where none belong", get("/healthz", "Transfer-Encoding: chunked\r\n") + chunked, 413},
  };
  const std::string smuggled = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  for (const auto& one : cases) {
    const auto text = talk(one.request + (one.status == 200 ? "" : smuggled));
    EXPECT_EQ(text.rfind("HTTP/1.1 " + std::to_string(one.status), 0), 0U) << one.what << ": " << text.substr(0, 300);
    EXPECT_EQ(answers(text), 1) << one.what << ": " << text.substr(0, 600);
    EXPECT_NE(text.find("Connection: close"), std::string::npos) << one.what;
  }
  EXPECT_EQ(status_of(get("/healthz")), 200);
}

TEST_F(Limits, ABodyIsReadOnlyOfWhoMaySendIt) {
  start();
  const std::string body(40'000, ' ');
  const auto length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  // Refused by the head alone: the body never comes.
  EXPECT_NE(talk(post(length)).find("401 Unauthorized"), std::string::npos);
  EXPECT_NE(talk(post("Transfer-Encoding: chunked\r\n")).find("401 Unauthorized"), std::string::npos);
  EXPECT_NE(talk(post("Authorization: Bearer x\r\nExpect: 100-continue\r\n" + length)).find("401 Unauthorized"),
            std::string::npos);
  EXPECT_NE(talk(post(token() + "Content-Length: 70000\r\n"))
                .find("the body is larger than the 64 KiB that this address accepts"),
            std::string::npos);
  EXPECT_NE(talk("POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n" + length + "\r\n").find("404 Not Found"),
            std::string::npos);
  Raw invited(port);
  invited.send(post(token() + "Expect: 100-continue\r\n" + length));
  EXPECT_EQ(invited.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  invited.send("{" + body.substr(2) + "}");
  EXPECT_NE(invited.until("\r\n").find("202"), std::string::npos);
}

TEST_F(Limits, BodiesOfStrangersTakeNoMemory) {
  start();
  const std::string body(1 << 20, 'x');
  const auto request = post("Content-Length: " + std::to_string(body.size()) + "\r\n", body);
  std::list<Raw> clients;
  const auto before = resident();
  for (int i = 0; i < 100; ++i) clients.emplace_back(port).send_now(request);
  for (auto& client : clients) EXPECT_NE(client.until("\r\n").find("401"), std::string::npos);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(resident() - before, 16 << 20);
#endif
}

TEST_F(Limits, BodiesOfAllTogetherAreBounded) {
  start();
  std::list<Raw> clients;
  int refused = 0;
  const auto begun = post(token() + "Expect: 100-continue\r\nContent-Length: 60000\r\n");
  for (int i = 0; i < 300; ++i) {
    clients.emplace_back(port).send(begun);
    refused += clients.back().until("\r\n").find("503") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(refused, 300 - 256) << "16 MiB in places of 64 KiB";
  EXPECT_EQ(status_of(get("/healthz")), 200);
  clients.clear();
  int status = 0;
  for (const auto until = Clock::now() + patience; status != 202 && Clock::now() < until;)
    status = status_of(post(token() + "Content-Length: 2\r\n", "{}"));
  EXPECT_EQ(status, 202);
}

TEST_F(Limits, AHeadThatTricklesIsGivenUp) {
  ServerOptions options;
  options.head = Milliseconds{500};
  start(options);
  Raw slow(port);
  const auto begun = Clock::now();
  std::string request = get("/healthz", "X: " + std::string(4'000, 'x') + "\r\n");
  for (std::size_t at = 0; at < request.size() && !slow.ended(); ++at) {
    slow.send(request.substr(at, 1));
    slow.wait(Milliseconds(10));
  }
  EXPECT_TRUE(slow.ended());
  EXPECT_LT(Clock::now() - begun, patience);
}

TEST_F(Limits, ABodyThatTricklesIsGivenUp) {
  ServerOptions options;
  options.idle = Milliseconds{500};
  start(options);
  Raw slow(port);
  slow.send(post(token() + "Content-Length: 60000\r\n"));
  for (int i = 0; i < 60'000 && !slow.ended(); ++i) {
    slow.send(" ");
    slow.wait(Milliseconds(10));
  }
  EXPECT_TRUE(slow.ended());
}

TEST_F(Limits, TrailersAndExtensionsAreBounded) {
  start();
  const auto begin = post(token() + "Transfer-Encoding: chunked\r\n");
  for (const std::string& more : {"2;" + std::string(200'000, 'x'), "0\r\n" + [] {
                                    std::string fields;
                                    for (int i = 0; i < 20'000; ++i) fields += "X: yyyyyyyyyyyyyyyy\r\n";
                                    return fields;
                                  }()}) {
    const auto text = talk(begin + more);
    EXPECT_NE(text.rfind("HTTP/1.1 2", 0), 0U) << text.substr(0, 200);
    EXPECT_EQ(answers(text), 1) << text.substr(0, 200);
  }
}

TEST_F(Limits, WhoSaysNothingMakesRoom) {
  ServerOptions options;
  options.max_connections = 40;
  options.head = Milliseconds{600'000};
  options.idle = Milliseconds{600'000};
  start(options);
  std::list<Raw> silent;
  for (int i = 0; i < 300; ++i) silent.emplace_back(port);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(status_of(get("/healthz")), 200);
  int ended = 0;
  for (auto& one : silent) {
    one.wait(Milliseconds(0));
    ended += one.ended() ? 1 : 0;
  }
  EXPECT_GE(ended, 290) << "one address keeps a quarter of the places";
}

TEST_F(Limits, StreamsLeavePlacesForQuestions) {
  ServerOptions options;
  options.max_connections = 40;
  start(options);
  std::list<Raw> streams;
  for (int i = 0; i < 20; ++i) {
    streams.emplace_back(port).send(get("/api/v1/events"));
    EXPECT_NE(streams.back().until("\r\n").find("200"), std::string::npos);
  }
  EXPECT_EQ(status_of(get("/api/v1/events")), 503) << "half of the places for one address";
  EXPECT_EQ(status_of(get("/healthz")), 200);
  streams.pop_front();
  int status = 0;
  for (const auto until = Clock::now() + patience; status != 200 && Clock::now() < until;)
    status = status_of(get("/api/v1/events"));
  EXPECT_EQ(status, 200);
}

TEST_F(Limits, RequestsInARowAreAnsweredOneByOne) {
  start();
  Raw client(port);
  std::string all;
  for (int i = 0; i < 2'000; ++i) all += get("/healthz");
  client.send_now(all);
  client.send("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  EXPECT_GE(answers(client.receive(1 << 22)), 1);
}

}  // namespace
}  // namespace quietgate
