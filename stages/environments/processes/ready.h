// Whether a service is ready: it answers HTTP with 2xx, accepts a connection, or a command succeeds.
#pragma once

#include <map>
#include <string>

#include "runner/ports/http.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

struct Readiness {
  bool ready = false;
  std::string observed;  // `http://127.0.0.1:20001/healthz answered 503`
};

// Whether something accepts connections at `host:port` (a numeric address or `localhost`; IPv6 as `[::1]:80`), within
// `deadline`. Blocks for at most that: on this machine the answer comes at once.
Readiness probe_tcp(const std::string& host_port, Milliseconds deadline);
Task<Readiness> probe_http(Http& http, std::string url, Milliseconds deadline, Stop& stop);

}  // namespace quietgate
