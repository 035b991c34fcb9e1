// HTTP heads: checks of a request's head, and the head of an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/api/exchange.h"

namespace quietgate {

constexpr std::uint32_t header_limit = 16 * 1024;
constexpr std::size_t most_fields = 100;

// Facts that decide where a request ends.
struct HeadFacts {
  int version = 11;                  // 10: HTTP/1.0
  std::size_t fields = 0;            // number of header fields
  std::vector<std::string> lengths;  // values of Content-Length
  std::vector<std::string> codings;  // values of Transfer-Encoding
  std::string expect;
};

// Why the head makes the request refused: it is ambiguous, or asks for something that the server lacks. Nothing: the
// request may be read.
std::optional<Answer> refusal_of(const HeadFacts& head);

// For `GET http://host/path`: takes the host of the target, not that of the header field.
void take_host_of_target(ApiRequest& request);

// Status line and the fields of every answer; further fields and an empty line must follow.
std::string head_of(int status, bool keep);
// The complete head.
std::string head_of(const Answer& answer, bool keep);

// 413: the body is larger than the address accepts.
Answer too_large(std::uint64_t limit);
// 503 with Retry-After.
Answer later(const std::string& message);

}  // namespace quietgate
