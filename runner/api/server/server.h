// The HTTP listener: sockets around Api. One thread; one coroutine per connection.
//
// Limits (docs/limits.md): a request is refused by its head before a byte of its body is read; 10 s for the first head,
// 30 s for a body, an answer and between requests. Who says nothing makes room: at the limit of connections the one
// that has waited longest for a request is closed, so is one more of an address that has a quarter of them. Streams and
// files are at most three quarters of the connections, half from one address. A stream waits for its reader, however
// slow, as long as the reader takes something every 5 minutes; it costs one piece (64 KiB) at most. Without descriptors
// new clients wait in the kernel's queue: the service never ends for want of them.
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
  std::size_t max_connections = 0;  // 0: as many as the process's limit of descriptors leaves room for
  Milliseconds head{10'000};        // for a connection's first request to begin and to say what it wants
  Milliseconds idle{30'000};
  Milliseconds heartbeat{15'000};               // of event streams without news
  std::function<void(const std::string&)> say;  // a line for the service's log; may be unset
};

class Server {
 public:
  // The API must outlive the server.
  Server(Executor executor, Api& api, ServerOptions options);
  ~Server();

  // Binds. Fails with kind user when the address is no address of this machine or the port is taken.
  Result<void> listen();
  std::uint16_t port() const;  // after listen()
  // Answers until stopped, ends every connection, then throws Stopped. Call listen() first.
  Task<void> serve(Stop& stop);

 private:
  struct Listener;
  std::unique_ptr<Listener> listener_;
};

}  // namespace quietgate
