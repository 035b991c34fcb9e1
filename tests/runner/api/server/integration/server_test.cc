// The listener over real sockets on loopback: limits, streams that resume, readers that are slow, descriptors that run
// out.
#include "runner/api/server/server.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "runner/base/base64.h"
#include "tests/support/server_world.h"

namespace quietgate {
namespace {

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  start();
  Raw one(port);
  for (int i = 0; i < 3; ++i) {
    one.send(get("/healthz"));
    EXPECT_EQ(one.until("ok\n").rfind("HTTP/1.1 200 OK\r\n", 0), 0u);
  }
  one.send("HEAD /api/v1/runs HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/healthz"));
  const auto text = one.until("\r\n\r\nok\n");
  EXPECT_EQ(text.find("\"runs\""), std::string::npos) << text;
}

TEST_F(ServerTest, RefusesWhatIsNotHttpTooLargeOrForeign) {
  start();
  EXPECT_EQ(status_of("\x16\x03\x01 not http\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of(get("/healthz", "X: " + std::string(20'000, 'x') + "\r\n")), 431);
  EXPECT_EQ(status_of("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
  EXPECT_EQ(status_of("GET /healthz HTTP/1.1\r\n\r\n"), 403);
  EXPECT_EQ(status_of("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n"), 403);
  EXPECT_EQ(status_of("POST /api/v1/runs/hello/1/cancel HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"),
            401);
  EXPECT_EQ(status_of(get("/" + std::string(5'000, 'x'))), 404);
  EXPECT_EQ(status_of(get("/healthz")), 200);
}

TEST_F(ServerTest, DropsWhoNeverFinishesARequest) {
  ServerOptions options;
  options.head = Milliseconds{1'000};
  start(options);
  Raw slow(port);
  slow.send("GET /healthz HT");
  slow.receive(1000);
  EXPECT_TRUE(slow.ended());
  EXPECT_EQ(status_of(get("/healthz")), 200);
}

TEST_F(ServerTest, SendsTheWholeLogAndItsSize) {
  std::string log;
  for (int i = 0; i < 50'000; ++i) log += "line " + std::to_string(i) + "\n";
  write_log(log);
  start();
  std::string got;
  auto reply = client().download("/api/v1/runs/hello/1/stages/unit/log?from=5", [&](std::string_view bytes) {
    got += bytes;
    return true;
  });
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(got == log.substr(5));
}

TEST_F(ServerTest, FollowsALogToItsLastByteAndEnds) {
  start();
  std::string got;
  std::atomic<bool> first = false;
  auto reader = std::async(std::launch::async, [&] {
    return client().follow(follow_path, [&](const StreamEvent& event) {
      got += from_base64(event.data);
      first = true;
      return true;
    });
  });
  std::string log;
  for (int i = 0; i < 2'000; ++i) {
    const auto line = "line " + std::to_string(i) + " " + std::string(static_cast<std::size_t>(i % 300), '.') + "\n";
    write_log(line);
    log += line;
    if (i == 0) {
      for (const auto until = Clock::now() + patience; !first && Clock::now() < until;) std::this_thread::yield();
    }
  }
  end_unit();
  ASSERT_EQ(reader.wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(reader.get());
  EXPECT_TRUE(got == log) << got.size() << " of " << log.size();
}

TEST_F(ServerTest, TakesALogUpWhereTheReaderLeft) {
  write_log("0123456789");
  start();
  end_unit();
  Raw one(port);
  one.send(get(follow_path, "Last-Event-ID: 4\r\n"));
  const auto text = one.receive(100'000);
  EXPECT_NE(text.find("id: 10\nevent: log\ndata: " + std::string("NDU2Nzg5") + "\n\n"), std::string::npos) << text;
  EXPECT_NE(text.find("event: end\ndata: {\"size\":10}\n\n"), std::string::npos) << text;
  EXPECT_TRUE(one.ended());
}

TEST_F(ServerTest, GivesEveryByteToAReaderThatStalls) {
  const std::size_t size = 24 * 1024 * 1024;
  std::string log(size, '\0');
  std::uint32_t seed = 1;
  for (auto& c : log) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  write_log(log);
  start();
  end_unit();
  auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    long pages = 0;
    long mine = 0;
    statm >> pages >> mine;
    return mine * ::sysconf(_SC_PAGESIZE);
  };
  Raw stalled(port, 4096);
  stalled.send(get(follow_path));
  stalled.until("\r\n\r\n");
  [[maybe_unused]] const auto before = resident();
  std::string got;
  std::size_t raw = 0;
  StreamReader reader([&](const StreamEvent& event) {
    if (event.type == "log") got += from_base64(event.data);
    return event.type != "end";
  });
  // The others are served while this one takes nothing.
  for (int i = 0; i < 50; ++i) EXPECT_EQ(status_of(get("/healthz")), 200);
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_LT(resident() - before, 4 * 1024 * 1024);
#endif
  for (bool more = true; more;) {
    const auto bytes = stalled.receive(64 * 1024);
    raw += bytes.size();
    if (bytes.empty()) break;
    more = reader.feed(bytes);
  }
  EXPECT_TRUE(got == log) << got.size() << " of " << size << " after " << raw;
}

TEST_F(ServerTest, StreamsARunsRowsAndResumesAfterTheLastOne) {
  start();
  Raw one(port);
  one.send(get("/api/v1/runs/hello/1/events"));
  const auto first = one.until("event: StageStarted\n");
  EXPECT_NE(first.find("id: 1\nevent: RunRequested\n"), std::string::npos) << first;
  end_unit();
  one.until("id: 4\nevent: StageFinished\n");
  on_loop([this] {
    journal.add(RunRequested{{"other", 1}, "main", commit_a, "x"});
    journal.add(RunFinished{run, Outcome::passed, ""});
  });
  const auto last = one.receive(100'000);
  EXPECT_EQ(last.find("other"), std::string::npos);
  EXPECT_NE(last.find("id: 6\nevent: RunFinished\n"), std::string::npos) << last;
  EXPECT_NE(last.find("event: end\n"), std::string::npos);
  EXPECT_TRUE(one.ended());

  Raw again(port);
  again.send(get("/api/v1/runs/hello/1/events", "Last-Event-ID: 3\r\n"));
  const auto rest = again.receive(100'000);
  EXPECT_EQ(rest.find("id: 3\n"), std::string::npos);
  EXPECT_NE(rest.find("id: 4\n"), std::string::npos);
  EXPECT_NE(rest.find("id: 6\n"), std::string::npos);
}

TEST_F(ServerTest, SendsAHeartbeatWithoutNews) {
  ServerOptions options;
  options.heartbeat = Milliseconds{200};
  start(options);
  Raw one(port);
  one.send(get("/api/v1/events"));
  EXPECT_NE(one.until(": still here\n\n").find(": still here"), std::string::npos);
  Raw two(port);
  two.send(get(follow_path));
  EXPECT_NE(two.until(": still here\n\n").find(": still here"), std::string::npos);
}

TEST_F(ServerTest, SendsAHeartbeatWhileThereIsNoLogToWatch) {
  ServerOptions options;
  options.heartbeat = Milliseconds{400};  // longer than the pause between looks for the file
  start(options);
  Raw one(port);
  one.send(get(follow_path));
  EXPECT_NE(one.until(": still here\n\n").find(": still here"), std::string::npos);
  write_log("at last\n");
  EXPECT_NE(one.until("event: log\n").find("event: log"), std::string::npos);
}

TEST_F(ServerTest, OutlivesAThousandClientsWithTooFewDescriptors) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // Clients live in a process of their own: they have descriptors enough.
  std::atomic<int> shortages = 0;
  ServerOptions options;
  options.say = [&](const std::string& line) { shortages += line.rfind("clients have to wait", 0) == 0 ? 1 : 0; };
  start(options);
  int to_child[2];
  int from_child[2];
  ASSERT_EQ(::pipe(to_child), 0);
  ASSERT_EQ(::pipe(from_child), 0);
  const auto child = ::fork();
  if (child == 0) {
    rlimit wide{before.rlim_max, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &wide);
    char go = 0;
    (void)!::read(to_child[0], &go, 1);
    {
      std::list<Raw> clients;
      for (int i = 0; i < 1'000; ++i) clients.emplace_back(port).send(get("/api/v1/events"));
      (void)!::write(from_child[1], "c", 1);
      (void)!::read(to_child[0], &go, 1);
    }
    (void)!::write(from_child[1], "l", 1);
    ::_exit(0);
  }
  rlimit narrow{200, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &narrow), 0);
  char word = 0;
  (void)!::write(to_child[1], "g", 1);
  ASSERT_EQ(::read(from_child[0], &word, 1), 1);
  on_loop([] {});  // the loop still turns
  EXPECT_FALSE(served);
  for (const auto until = Clock::now() + patience; shortages == 0 && Clock::now() < until;) std::this_thread::yield();
  EXPECT_EQ(shortages, 1);  // the descriptors did run out, and it was said once
  (void)!::write(to_child[1], "g", 1);
  ASSERT_EQ(::read(from_child[0], &word, 1), 1);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ::waitpid(child, nullptr, 0);
  int status = 0;
  for (const auto until = Clock::now() + patience; status != 200 && Clock::now() < until;)
    status = status_of(get("/healthz"));
  EXPECT_EQ(status, 200);
  EXPECT_FALSE(served);
  for (int end : {to_child[0], to_child[1], from_child[0], from_child[1]}) ::close(end);
}

TEST_F(ServerTest, EndsEveryConnectionWhenItStops) {
  start();
  Raw stream(port);
  stream.send(get("/api/v1/events"));
  stream.until("\r\n\r\n");
  Raw idle(port);
  idle.send(get("/healthz"));
  idle.until("ok\n");
  boost::asio::post(context, [this] { stop.request(StopReason::shutdown, "over"); });
  thread.join();
  EXPECT_TRUE(served);
  stream.receive(1000);
  idle.receive(1000);
  EXPECT_TRUE(stream.ended());
  EXPECT_TRUE(idle.ended());
}

TEST_F(ServerTest, SaysWhenThePortIsTaken) {
  start();
  ServerOptions options;
  options.port = port;
  Server second(context.get_executor(), *api, options);
  auto bound = second.listen();
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().message, "can't listen on 127.0.0.1:" + std::to_string(port) + ": Address already in use");
}

}  // namespace
}  // namespace quietgate
