// A blocking client of the service's API, over libcurl. It keeps nothing between calls.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "runner/base/result.h"
#include "runner/cli/stream_reader.h"

namespace quietgate {

struct Reply {
  int status = 0;
  std::string body;
};

class ServiceClient {
 public:
  // `server` is `http://HOST:PORT`. With an empty `token`, only reading works.
  ServiceClient(std::string server, std::string token, std::string actor);

  // An answer of any status is a value; an error means that the service could not be reached (kind infrastructure).
  Result<Reply> get(const std::string& path);
  Result<Reply> post(const std::string& path, const std::string& body);
  // Passes the body of a 200 answer to `take` as it arrives, until `take` returns false. The body of any other answer
  // is in the Reply.
  Result<Reply> download(const std::string& path, const std::function<bool(std::string_view)>& take);
  // Follows a stream to its `end` event, resumes it after a lost connection, and gives up after 30 s without the
  // service. `take` gets every event but `end`, and ends the stream by returning false. `lost` is called once for each
  // loss of the connection, with the reason.
  Result<Reply> follow(const std::string& path, const std::function<bool(const StreamEvent&)>& take,
                       const std::function<void(const std::string&)>& lost = {});
  const std::string& server() const { return server_; }

 private:
  struct Exchange;
  Result<Reply> perform(const Exchange& exchange);
  std::string server_;
  std::string token_;
  std::string actor_;
};

}  // namespace quietgate
