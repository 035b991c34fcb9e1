#include "runner/api/answers.h"

namespace quietgate {

Answer json_answer(std::string body, int status) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

Answer text_answer(std::string body, int status, const char* type) {
  auto answer = json_answer(std::move(body), status);
  answer.content_type = type;
  return answer;
}

Answer failed_answer(const Error& error) {
  return error_answer(503, error.message, error.advice);
}

Answer no_run(const RunId& run) {
  return error_answer(404, "there is no run " + to_string(run), "see `quietgate runs`");
}

std::optional<Answer> permission_refusal(const Principal& principal, Permission permission) {
  if (principal.permissions.has(permission)) return std::nullopt;
  if (principal.known_by != Principal::KnownBy::connection) {
    return error_answer(403,
                        "`" + principal.name + "` lacks the permission `" + std::string(to_string(permission)) + "`",
                        "it has: " + to_string(principal.permissions));
  }
  auto answer =
      error_answer(401, "changes need the service's token",
                   "send `Authorization: Bearer TOKEN`; the token is in the file `token` of the data directory");
  answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace quietgate
