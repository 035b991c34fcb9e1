// The HTTP listener: sockets around Api. One thread; one coroutine per connection.
//
// Limits (docs/limits.md): a request is refused by its head before a byte of its body is read; 10 s for the first head,
// 30 s for a body, an answer and between requests. At the limit of connections, the connection that has waited longest
// for a request is closed; an address with a quarter of the connections loses its own longest waiting one. Streams and
// files use at most three quarters of the connections, half of these for one address. A stream waits for a slow reader
// as long as the reader accepts something every 5 minutes; it holds at most one piece (64 KiB). Without free
// descriptors, new clients wait in the kernel's queue; the service continues.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runner/api/api.h"
#include "runner/base/result.h"
#include "runner/base/task.h"

namespace quietgate {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8330;        // 0: any free one
  std::size_t max_connections = 0;  // 0: as many as the process's descriptor limit allows
  Milliseconds head{10'000};        // until the head of a connection's first request is complete
  Milliseconds idle{30'000};
  Milliseconds heartbeat{15'000};               // interval of comments in silent event streams
  std::function<void(const std::string&)> say;  // a line for the service's log; may be unset
};

class Server {
 public:
  // The API must outlive the server.
  Server(Executor executor, Api& api, ServerOptions options);
  ~Server();

  // Binds. Fails with kind user if this machine does not have the address, or if the port is in use.
  Result<void> listen();
  std::uint16_t port() const;  // after listen()
  // Answers requests until stopped, closes every connection, then throws Stopped. Call listen() first.
  Task<void> serve(Stop& stop);

 private:
  struct Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace quietgate
