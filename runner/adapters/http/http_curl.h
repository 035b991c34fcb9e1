// Http over libcurl. The calls block on a BlockingPool; connections are kept alive between them.
#pragma once

#include <memory>

#include "runner/base/blocking_pool.h"
#include "runner/ports/http.h"

namespace quietgate {

class HttpCurl final : public Http {
 public:
  // `pool` must outlive it. A deadline starts with the call of send, and includes waiting for a thread. Loopback
  // addresses never use a proxy; other addresses follow `https_proxy` and `no_proxy` of the environment.
  explicit HttpCurl(BlockingPool& pool);
  ~HttpCurl() override;
  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override;
  Result<void> usable() const override;

 private:
  class Handles;
  BlockingPool& pool_;
  std::shared_ptr<Handles> handles_;
};

}  // namespace quietgate
