// Http with credentials, headers and certificate authorities for some servers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runner/base/blocking_pool.h"
#include "runner/ports/http.h"

namespace quietgate {

struct ServerAccess {
  using Value = std::function<Result<std::string>()>;  // reads the value from its source; blocks; null: none
  std::string url;       // applies to every URL at or below it: same scheme, host and port, and whole path segments
  std::string username;  // with `password`: basic authentication
  Value password;
  Value token;  // `Authorization: Bearer ...`
  std::map<std::string, Value> headers;
  std::string ca_file;  // as in HttpRequest
};

class HttpAccess final : public Http {
 public:
  // If several servers match a URL, the longest applies. `under` and `pool` must outlive it.
  HttpAccess(Http& under, BlockingPool& pool, std::vector<ServerAccess> servers);
  ~HttpAccess() override;

  // Like Http::send. A request with credentials in its URL or its headers is sent unchanged. Values are read on the
  // pool when they are first needed, and again when the server answers 401 or 403. If they have changed (a token was
  // renewed), the request is sent once more, within the same deadline. A value that can't be read, or that contains a
  // line break, is an error; the message does not reveal the value.
  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override;
  Result<void> usable() const override { return under_.usable(); }

 private:
  struct Server;
  std::shared_ptr<Server> server_of(const std::string& url) const;
  Task<Result<HttpRequest>> with_access(std::shared_ptr<Server> server, HttpRequest request, bool again, Stop& stop);

  Http& under_;
  BlockingPool& pool_;
  std::vector<std::shared_ptr<Server>> servers_;
};

}  // namespace quietgate
