// One HTTP exchange as values: the request and the answer, without sockets.
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

// A complete answer.
struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

// The bytes [from, size) of a file that only grows, read while they are sent.
struct FileAnswer {
  Descriptor file;  // none: the file is empty
  std::int64_t from = 0;
  std::int64_t size = 0;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers{};
};

// Server-Sent Events: the journal's rows after a cursor. With a run: only its rows, and an `end` event when it has
// ended.
struct EventFeed {
  std::optional<RunId> run;
  std::int64_t after = 0;
};

// Server-Sent Events: the bytes of an attempt's log from an offset on, and an `end` event when the attempt has ended.
struct LogFeed {
  AttemptId attempt;
  std::int64_t from = 0;
};

using ApiResponse = std::variant<Answer, FileAnswer, EventFeed, LogFeed>;

// `{"error":{"message","advice"}}`.
Answer error_answer(int status, const std::string& message, const std::string& advice = {});

// A target, split and decoded. Malformed targets are refused: no part of the path is empty, `.` or `..`, or contains a
// slash or a control character.
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
