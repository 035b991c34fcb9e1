// The API, as the verbs ask it, wherever it answers: a service, or the runs that `quietgate run` kept here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runner/base/result.h"
#include "runner/cli/stream_reader.h"

namespace quietgate {

struct Reply {
  int status = 0;
  std::string body;
};

class ApiClient {
 public:
  virtual ~ApiClient() = default;
  // An answer of any status is a value; an error means that nothing answered (kind infrastructure). Paths begin with
  // `/api/v1`.
  virtual Result<Reply> get(const std::string& path) = 0;
  virtual Result<Reply> post(const std::string& path, const std::string& body) = 0;
  // Passes the body of a 200 answer to `take` as it arrives, until `take` returns false. The body of any other answer
  // is in the Reply.
  virtual Result<Reply> download(const std::string& path, const std::function<bool(std::string_view)>& take) = 0;
  // Follows a stream to its `end` event. `take` gets every event but `end`; false ends it. `lost` is told once per loss
  // of what answers, with the sentence that says why.
  virtual Result<Reply> follow(const std::string& path, const std::function<bool(const StreamEvent&)>& take,
                               const std::function<void(const std::string&)>& lost = {}) = 0;
  // For sentences: `the service at http://127.0.0.1:8330`.
  virtual std::string name() const = 0;
  // Another one of the same thing, for another thread.
  virtual std::unique_ptr<ApiClient> another() const = 0;
};

}  // namespace quietgate
