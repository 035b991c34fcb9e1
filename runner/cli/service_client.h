// A blocking client of the service's API, over libcurl. It keeps nothing between calls.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runner/cli/api_client.h"

namespace quietgate {

class ServiceClient final : public ApiClient {
 public:
  // `server` is `http://HOST:PORT`. With an empty `token`, only reading works.
  ServiceClient(std::string server, std::string token, std::string actor);

  // An error means that the service could not be reached.
  Result<Reply> get(const std::string& path) override;
  Result<Reply> post(const std::string& path, const std::string& body) override;
  Result<Reply> download(const std::string& path, const std::function<bool(std::string_view)>& take) override;
  // Takes the stream up again where it broke off, and gives up after 30 s without the service.
  Result<Reply> follow(const std::string& path, const std::function<bool(const StreamEvent&)>& take,
                       const std::function<void(const std::string&)>& lost = {}) override;
  std::string name() const override;
  std::unique_ptr<ApiClient> another() const override;

 private:
  struct Exchange;
  Result<Reply> perform(const Exchange& exchange);
  std::string server_;
  std::string token_;
  std::string actor_;
};

}  // namespace quietgate
