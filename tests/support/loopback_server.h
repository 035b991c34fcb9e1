// A small HTTP server on a free loopback port, answering what the test says. A thread per connection; ends with the
// object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace quietgate {

struct ServerRequest {
  std::string method, path, headers, body;
};
struct ServerAnswer {
  int status = 200;
  std::string body;
  std::string headers;  // each ends with CR LF
  bool hang = false;    // never answers
  std::string raw;      // sent instead of all this, then the connection is closed
};

class LoopbackServer {
 public:
  using Handler = std::function<ServerAnswer(const ServerRequest&)>;
  explicit LoopbackServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no loopback port");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    closing_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
  }
  int port() const { return port_; }
  std::string url(const std::string& path = "") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int connections() const { return connections_; }
  int requests() const { return requests_; }

 private:
  bool readable(int fd) const {
    while (!closing_) {
      pollfd wait{fd, POLLIN, 0};
      if (::poll(&wait, 1, 20) > 0) return true;
    }
    return false;
  }
  void accept_all() {
    while (readable(listener_)) {
      int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      threads_.emplace_back([this, fd] {
        std::string pending;
        while (serve_one(fd, pending)) {
        }
        ::close(fd);
      });
    }
  }
  bool receive(int fd, std::string& pending) const {
    char buffer[16384];
    if (!readable(fd)) return false;
    auto got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    pending.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  bool serve_one(int fd, std::string& pending) {
    std::size_t head = 0;
    while ((head = pending.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(fd, pending)) return false;
    }
    ServerRequest request;
    request.headers = pending.substr(0, head + 2);
    std::size_t length = 0;
    if (auto at = request.headers.find("Content-Length: "); at != std::string::npos)
      length = std::stoul(request.headers.substr(at + 16));
    while (pending.size() < head + 4 + length) {
      if (!receive(fd, pending)) return false;
    }
    request.body = pending.substr(head + 4, length);
    pending.erase(0, head + 4 + length);
    auto first = request.headers.find(' ');
    request.method = request.headers.substr(0, first);
    request.path = request.headers.substr(first + 1, request.headers.find(' ', first + 1) - first - 1);
    ++requests_;
    ServerAnswer answer;
    {
      std::lock_guard lock(mutex_);
      answer = handler_(request);
    }
    if (answer.hang) {
      while (!closing_ && readable(fd)) {
        char byte = 0;
        if (::recv(fd, &byte, 1, 0) <= 0) return false;
      }
      return false;
    }
    std::string bytes = answer.raw;
    if (bytes.empty()) {
      bytes = "HTTP/1.1 " + std::to_string(answer.status) + " Answer\r\n" + answer.headers +
              "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
    }
    for (std::size_t sent = 0; sent < bytes.size();) {
      auto n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return answer.raw.empty();
  }

  Handler handler_;
  std::mutex mutex_;  // handlers run one at a time
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> closing_{false};
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace quietgate
