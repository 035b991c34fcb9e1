// The HTTP listener: sockets around Api. One thread; one coroutine per connection.
//
// Limits: a header of 16 KiB, a body of 1 MiB, 30 s for a request to arrive and between requests. A stream waits for
// its reader, however slow, as long as the reader takes something every 5 minutes; it costs one piece (64 KiB) at most.
// At the limit of connections, and without descriptors, new clients wait in the kernel's queue: the service never ends
// for want of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runner/core/result.h"
#include "runner/ports/task.h"
#include "runner/serve/api.h"

namespace quietgate {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8330;        // 0: any free one
  std::size_t max_connections = 0;  // 0: as many as the process's limit of descriptors leaves room for
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
