#include "runner/api/server/wire.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <cctype>
#include <string_view>

namespace quietgate {

namespace http = boost::beast::http;

namespace {

constexpr std::string_view scheme = "http://";

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool same(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

}  // namespace

std::optional<Answer> refusal_of(const HeadFacts& head) {
  if (head.fields > most_fields)
    return error_answer(431, "the header has more than " + std::to_string(most_fields) + " fields");
  if (head.lengths.size() > 1) return error_answer(400, "the header has more than one Content-Length");
  if (!head.lengths.empty() && !is_number(head.lengths[0])) return error_answer(400, "Content-Length is not a number");
  if (!head.codings.empty()) {
    if (!head.lengths.empty()) return error_answer(400, "the header has both Content-Length and Transfer-Encoding");
    if (head.version != 11) return error_answer(400, "HTTP/1.0 has no Transfer-Encoding");
    if (head.codings.size() > 1 || !same(head.codings[0], "chunked"))
      return error_answer(501, "Transfer-Encoding may only be `chunked`");
  }
  if (!head.expect.empty() && !same(head.expect, "100-continue"))
    return error_answer(417, "Expect may only be `100-continue`");
  return std::nullopt;
}

void take_host_of_target(ApiRequest& request) {
  auto& target = request.target;
  if (!same(std::string_view(target).substr(0, scheme.size()), scheme)) return;
  const auto path = std::min(target.find('/', scheme.size()), target.size());
  request.host = target.substr(scheme.size(), path - scheme.size());
  target.erase(0, path);
  if (target.empty()) target = "/";
}

std::string head_of(int status, bool keep) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) +
         "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: " +
         (keep ? "keep-alive\r\n" : "close\r\n");
}

std::string head_of(const Answer& answer, bool keep) {
  auto head = head_of(answer.status, keep) + "Content-Type: " + answer.content_type +
              "\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
  for (const auto& [name, value] : answer.headers) head += name + ": " + value + "\r\n";
  return head + "\r\n";
}

Answer too_large(std::uint64_t limit) {
  if (limit == 0) return error_answer(413, "a request to this address has no body");
  return error_answer(413,
                      "the body is larger than the " + std::to_string(limit / 1024) + " KiB that this address accepts");
}

Answer later(const std::string& message) {
  auto answer = error_answer(503, message, "try again in a moment");
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

}  // namespace quietgate
