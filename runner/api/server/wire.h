// HTTP between bytes and values: what a request's head may be, and how an answer begins.
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

// What decides where a request ends.
struct HeadFacts {
  int version = 11;                  // 10: HTTP/1.0
  std::size_t fields = 0;            // how many there are
  std::vector<std::string> lengths;  // values of Content-Length
  std::vector<std::string> codings;  // values of Transfer-Encoding
  std::string expect;
};

// Why a request is refused for its head: it could be read in two ways, or asks for what isn't there. Nothing: it may be
// read on.
std::optional<Answer> refusal_of(const HeadFacts& head);

// `GET http://host/path`: the host of the target counts, not that of the field.
void take_host_of_target(ApiRequest& request);

// Status line and the fields that every answer has; more fields and an empty line follow.
std::string head_of(int status, bool keep);
// The whole head.
std::string head_of(const Answer& answer, bool keep);

// Of a body of more than so many bytes, all that the address takes.
Answer too_large(std::uint64_t limit);
// Not now: 503, with a moment to wait.
Answer later(const std::string& message);

}  // namespace quietgate
