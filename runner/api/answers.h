// Answers that several routes give.
#pragma once

#include <optional>
#include <string>

#include "runner/api/auth/principal.h"
#include "runner/api/exchange.h"
#include "runner/base/result.h"

namespace quietgate {

Answer json_answer(std::string body, int status = 200);
Answer text_answer(std::string body, int status = 200, const char* type = "text/plain; charset=utf-8");
// 503: the journal or a store failed; the request was correct.
Answer failed_answer(const Error& error);
Answer no_run(const RunId& run);
// Nothing if the principal has the permission. Otherwise 401 if only the connection identifies the principal, and 403
// if the principal is known and lacks the permission.
std::optional<Answer> permission_refusal(const Principal& principal, Permission permission);

}  // namespace quietgate
