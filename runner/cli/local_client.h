// Reads the runs that `quietgate run` kept in one clone's directory, by the API's own answers, without a service. Also
// while such a run goes on.
#pragma once

#include <memory>
#include <string>

#include "runner/cli/api_client.h"

namespace quietgate {

class LocalClient final : public ApiClient {
 public:
  // `directory`: clone_data_of().directory. Fails with kind user when there are no runs, else as
  // JournalSqlite::open_to_read() does.
  static Result<std::unique_ptr<LocalClient>> open(const std::string& directory);
  ~LocalClient() override;

  Result<Reply> get(const std::string& path) override;
  // Refuses, with status 409: nobody would act on it.
  Result<Reply> post(const std::string& path, const std::string& body) override;
  Result<Reply> download(const std::string& path, const std::function<bool(std::string_view)>& take) override;
  // Looks for news about five times a second.
  Result<Reply> follow(const std::string& path, const std::function<bool(const StreamEvent&)>& take,
                       const std::function<void(const std::string&)>& lost) override;
  std::string name() const override;
  std::unique_ptr<ApiClient> another() const override;

 private:
  struct Parts;
  explicit LocalClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace quietgate
