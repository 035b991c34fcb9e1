#include "stages/environments/processes/ready.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace quietgate {

namespace {

// 0, or the number of what went wrong.
int connect_problem(const addrinfo& address, Milliseconds deadline) {
  int client = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (client < 0) return errno;
  int problem = 0;
  if (::connect(client, address.ai_addr, address.ai_addrlen) != 0) {
    problem = errno;
    if (problem == EINPROGRESS) {
      pollfd waiting{client, POLLOUT, 0};
      socklen_t size = sizeof problem;
      if (::poll(&waiting, 1, static_cast<int>(deadline.count())) <= 0) {
        problem = ETIMEDOUT;
      } else if (::getsockopt(client, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) {
        problem = errno;
      }
    }
  }
  ::close(client);
  return problem;
}

}  // namespace

Readiness probe_tcp(const std::string& host_port, Milliseconds deadline) {
  auto colon = host_port.rfind(':');
  if (colon == std::string::npos) return {false, "\"" + host_port + "\" is not host:port"};
  auto host = host_port.substr(0, colon);
  auto port = host_port.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;  // a name server could block the loop
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0 || found == nullptr) {
    return {false, "\"" + host_port + "\" is not an address and a port: write 127.0.0.1:8080"};
  }
  int problem = connect_problem(*found, deadline);
  ::freeaddrinfo(found);
  if (problem == 0) return {true, host_port + " accepts connections"};
  return {false, host_port + ": " + std::strerror(problem)};
}

Task<Readiness> probe_http(Http& http, std::string url, Milliseconds deadline, Stop& stop) {
  HttpRequest request;
  request.url = url;
  request.deadline = deadline;
  request.max_bytes = 1024UL * 1024;
  auto response = co_await http.send(std::move(request), stop);
  if (!response) co_return Readiness{false, response.error().message};
  bool good = response->status >= 200 && response->status < 300;
  co_return Readiness{good, url + " answered " + std::to_string(response->status)};
}

}  // namespace quietgate
