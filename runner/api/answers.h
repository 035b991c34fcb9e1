// The answers that many routes give.
#pragma once

#include <optional>
#include <string>

#include "runner/api/auth/principal.h"
#include "runner/api/exchange.h"
#include "runner/base/result.h"

namespace quietgate {

Answer json_answer(std::string body, int status = 200);
Answer text_answer(std::string body, int status = 200, const char* type = "text/plain; charset=utf-8");
// A question to the journal or to a store failed: ours, not the caller's.
Answer failed_answer(const Error& error);
Answer no_run(const RunId& run);
// Nothing when the principal has the permission: else 401 for who is known by nothing but the connection, 403 for who
// is known and may not.
std::optional<Answer> permission_refusal(const Principal& principal, Permission permission);

}  // namespace quietgate
