// The service's API, as the verbs ask it: blocking, over libcurl. Nothing here outlives a call.
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
  // `server` is `http://HOST:PORT`; `token` may be empty: then only reading works.
  ServiceClient(std::string server, std::string token, std::string actor);

  // An answer of any status is a value; an error means that the service could not be reached (kind infrastructure).
  Result<Reply> get(const std::string& path);
  Result<Reply> post(const std::string& path, const std::string& body);
  // The body's bytes as they come, for an answer of 200; another answer's body is in the Reply. `take` false: enough.
  Result<Reply> download(const std::string& path, const std::function<bool(std::string_view)>& take);
  // Follows a stream to its `end` event, taking it up again where it broke off, and gives up after 30 s without the
  // service. `take` gets every event but `end`; false ends it.
  // `lost` is told once per loss of the service, with the sentence that says why.
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
