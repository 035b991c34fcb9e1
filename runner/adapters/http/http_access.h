// Http that knows what some servers want beside their address: who asks, and whose certificates are believed.
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
  using Value = std::function<Result<std::string>()>;  // reads it where it is; blocks; null: there is none
  std::string url;       // every URL at or below it: the same scheme, host and port, and a path of whole segments
  std::string username;  // with `password`: basic authentication
  Value password;
  Value token;  // `Authorization: Bearer ...`
  std::map<std::string, Value> headers;
  std::string ca_file;  // as in HttpRequest
};

class HttpAccess final : public Http {
 public:
  // Of several servers that fit a URL the longest is taken. `under` and `pool` must outlive it.
  HttpAccess(Http& under, BlockingPool& pool, std::vector<ServerAccess> servers);
  ~HttpAccess() override;

  // As Http::send. A request that already says who asks (in its URL or its headers) goes as it is. Values are read on
  // the pool when they are first needed, and again when the server answers 401 or 403: if they are others by then (a
  // token was renewed), the request is sent once more, within the same deadline. A value that can't be had, or that
  // holds a line break, is an error that says nothing of the value.
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
