// One HTTP exchange as values: what the API is asked and what it answers, without sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runner/base/descriptor.h"
#include "runner/model/types.h"
#include "runner/ports/data_layout.h"

namespace quietgate {

struct ApiRequest {
  std::string method = "GET";  // upper case
  std::string target = "/";    // path and query, as sent
  std::string host;
  bool local = false;  // the connection comes from this machine
  std::string authorization;
  std::string claimed_name;   // X-Quietgate-Actor
  std::string last_event_id;  // Last-Event-ID
  std::string accept;
  std::string body;
};

// A whole answer.
struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

// The bytes [from, size) of a file that only grows, read while they are sent.
struct FileAnswer {
  Descriptor file;  // none: there are no bytes
  std::int64_t from = 0;
  std::int64_t size = 0;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers{};
};

// Server-Sent Events: the journal's rows after a cursor. With a run: only its rows, and an `end` event once it is over.
struct EventFeed {
  std::optional<RunId> run;
  std::int64_t after = 0;
};

// Server-Sent Events: the bytes of an attempt's log from an offset on, and an `end` event once the attempt is over.
struct LogFeed {
  AttemptId attempt;
  std::int64_t from = 0;
};

using ApiResponse = std::variant<Answer, FileAnswer, EventFeed, LogFeed>;

// `{"error":{"message","advice"}}`.
Answer error_answer(int status, const std::string& message, const std::string& advice = {});

// A target taken apart and decoded. Only well-formed ones: a part of the path is not empty, not `.` or `..`, and holds
// no slash and no control character.
struct Target {
  std::vector<std::string> parts;  // of the path, between slashes; empty for `/`
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<std::string> value(const std::string& key) const;
};
std::optional<Target> parse_target(const std::string& text);

// Whether a Host header names this machine's loopback (`localhost`, 127.0.0.0/8, `[::1]`) or one of `allowed`; a port
// may follow.
bool host_allowed(const std::string& host, const std::vector<std::string>& allowed);

// Letters, digits, `_`, `.`, `-`; at most 100; not `.` or `..`: safe as the name of a file.
bool is_plain_name(const std::string& text);

}  // namespace quietgate
