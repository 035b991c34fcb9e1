// One HTTP exchange, bounded in time and size.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"
#include "runner/base/task.h"

namespace quietgate {

struct HttpRequest {
  std::string method = "GET";
  std::string url;                   // http or https; nothing else is followed
  std::vector<std::string> headers;  // `Name: value`
  std::string username;              // for basic authentication; empty: none
  std::string password;
  std::string ca_file;  // PEM of the authorities that are believed for https; empty: the system's
  std::string body;
  Milliseconds deadline{10'000};             // of the whole exchange, name look-up included
  std::size_t max_bytes = 16 * 1024 * 1024;  // of the answer's body; more is an error
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last of a name wins
  std::string body;
  Time sent{};
  Time received{};
};

class Http {
 public:
  virtual ~Http() = default;
  // An answer with any status is a value; an error (kind infrastructure) means that there was no complete answer: its
  // message names the URL (without credentials) and what happened: refused, timed out after N, too large, TLS. Of a
  // deadline and of max_bytes the cause is too_much.
  // Redirects are not followed. Throws Stopped.
  virtual Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) = 0;
  // Whether this machine can ask at all; whoever takes silence for the other side's asks this first. Kind
  // infrastructure.
  virtual Result<void> usable() const { return {}; }
};

}  // namespace quietgate
