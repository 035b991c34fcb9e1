// The load stage with real Locust against a service that is slow, always or for a while.
#pragma once

#include <fmt/format.h>

#include <string>

#include "tests/support/locust_world.h"

namespace quietgate {

// What comes in a window after the first request is answered at the window's end; every answer takes `always` more.
// The three numbers, in seconds, are in the file `window` beside it.
constexpr const char* slow_server_py = R"py(
import http.server, os, time
begin_of_window, end_of_window, always = (float(n) for n in open(os.path.dirname(__file__) + "/window").read().split())
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    begin = None
    def do_GET(self):
        Handler.begin = Handler.begin or time.monotonic()
        since = time.monotonic() - Handler.begin
        time.sleep(always)
        if begin_of_window < since < end_of_window:
            time.sleep(end_of_window - since)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer.request_queue_size = 512
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("port", server.server_address[1], flush=True)
server.serve_forever()
)py";

class LoadSlowService : public LoadLocust {
 protected:
  void SetUp() override {}
  const char* server_text() const override { return slow_server_py; }
  // Skips the test where there is no Locust: then nothing is served.
  void serve(double window, double until, double always = 0) {
    bench.write("window", fmt::format("{} {} {}", window, until, always));
    LoadLocust::SetUp();
  }
  LoadReport report() const {
    LoadReport read{Milliseconds(0)};
    LoadRows(bench.root + "/attempt/locust.ndjson", spec).read_into(read);
    EXPECT_EQ(read.damage, "");
    EXPECT_TRUE(read.finished);
    return read;
  }
};

}  // namespace quietgate
