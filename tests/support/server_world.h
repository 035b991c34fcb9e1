// A server over a journal in memory, on a thread of its own, and a client that sends what it is told to.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "runner/adapters/workspace/attempt_folders.h"
#include "runner/api/server/server.h"
#include "runner/cli/service_client.h"
#include "tests/support/fake_journal.h"

namespace quietgate {

using Clock = std::chrono::steady_clock;
inline constexpr auto patience = std::chrono::seconds(20);

// A client that sends what it is told to, byte for byte.
class Raw {
 public:
  explicit Raw(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (socket_ < 0) return;
    if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Raw() {
    if (socket_ >= 0) ::close(socket_);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  bool connected() const { return connected_; }
  void send(const std::string& text) { (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  // Up to `most` bytes, or what came before the end or the deadline.
  std::string receive(std::size_t most) {
    std::string text;
    const auto until = Clock::now() + patience;
    while (text.size() < most && Clock::now() < until) {
      pollfd ready{socket_, POLLIN, 0};
      if (::poll(&ready, 1, 100) == 0) continue;
      std::array<char, 64 * 1024> bytes{};
      const auto count = ::recv(socket_, bytes.data(), std::min(bytes.size(), most - text.size()), 0);
      if (count <= 0) {
        ended_ = true;
        break;
      }
      text.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  std::string until(const std::string& mark) {
    std::string text;
    while (text.find(mark) == std::string::npos && !ended_) {
      const auto more = receive(1);
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
  // As much as the socket takes without waiting.
  void send_now(const std::string& text) {
    (void)::send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // Until something comes, which is dropped, or the other side ends.
  void wait(Milliseconds span) {
    pollfd ready{socket_, POLLIN, 0};
    std::array<char, 4096> bytes{};
    if (::poll(&ready, 1, static_cast<int>(span.count())) > 0)
      ended_ = ::recv(socket_, bytes.data(), bytes.size(), 0) <= 0;
  }
  bool ended() const { return ended_; }

 private:
  int socket_;
  bool connected_ = false;
  bool ended_ = false;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : journal(context.get_executor()) {
    directory = std::filesystem::temp_directory_path() / ("quietgate-server-" + std::to_string(::getpid()));
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory / "runs/hello/1/unit.1");
    journal.add(RunRequested{run, "main", commit_a, "main moved"});
    journal.add(PlanCompiled{run, sample_plan(run)});
    journal.add(StageStarted{run, "unit", 1});
  }
  ~ServerTest() override {
    if (thread.joinable()) {
      boost::asio::post(context, [this] { stop.request(StopReason::shutdown, "the test is over"); });
      thread.join();
    }
    std::filesystem::remove_all(directory);
  }
  void start(ServerOptions options = {}) {
    options.port = 0;
    ApiOptions api_options;
    attempts.emplace(directory.string());
    api_options.token = std::string(64, 'a');
    api.emplace(journal, journal, *attempts, api_options);
    server.emplace(context.get_executor(), *api, options);
    ASSERT_TRUE(server->listen());
    port = server->port();
    spawn(context.get_executor(), server->serve(stop), [this](std::exception_ptr) { served = true; });
    thread = std::thread([this] { context.run(); });
  }
  // On the loop's thread, like everything that touches the journal.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(context, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void end_unit() {
    on_loop([this] { journal.add(StageFinished{run, "unit", 1, outcome_of(Outcome::passed, "ok")}); });
  }
  void write_log(const std::string& text) {
    std::ofstream(directory / "runs/hello/1/unit.1/log", std::ios::binary | std::ios::app) << text;
  }
  std::string get(const std::string& path, const std::string& headers = {}) const {
    return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n";
  }
  int status_of(const std::string& request) const {
    Raw client(port);
    client.send(request);
    const auto line = client.until("\r\n");
    return line.size() > 12 ? std::atoi(line.c_str() + 9) : 0;
  }
  ServiceClient client() const { return {"http://127.0.0.1:" + std::to_string(port), {}, {}}; }

  const RunId run{"hello", 1};
  const std::string follow_path = "/api/v1/runs/hello/1/stages/unit/log/follow";
  boost::asio::io_context context;
  FakeJournal journal;
  Stop stop;
  std::filesystem::path directory;
  std::optional<AttemptFolders> attempts;
  std::optional<Api> api;
  std::optional<Server> server;
  std::uint16_t port = 0;
  std::thread thread;
  std::atomic<bool> served = false;
};

}  // namespace quietgate
