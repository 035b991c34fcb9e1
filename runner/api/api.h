// The HTTP API under /api/v1: from request to response, without sockets. It reads rows and projections. A request that
// changes something checks the rows and appends events; it does nothing else. openapi.json describes the API.
//
// Every request has a principal (auth/), and every route names the permission that it needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "runner/api/api_context.h"
#include "runner/api/api_options.h"
#include "runner/api/asked.h"
#include "runner/api/auth/authentication.h"
#include "runner/api/exchange.h"
#include "runner/base/task.h"

namespace quietgate {

struct Route;

class Api {
 public:
  // All but the options must outlive the API.
  Api(Journal& journal, Catalog& catalog, AttemptStore& attempts, ApiOptions options);

  // The decision about a request before its body is read: why it is refused, or how large its body may be.
  struct Admission {
    std::optional<Answer> refusal;
    std::uint64_t body_limit = 0;
    const Route* route = nullptr;
    Asked asked{};  // without the request
  };
  Admission admit(const ApiRequest& head) const;
  // Never throws because of the request; an error is an Answer with {"error":{"message","advice"}}.
  Task<ApiResponse> handle(ApiRequest request);
  // Like handle(), for a request that was admitted by its head and now has its body.
  Task<ApiResponse> answer(Admission admitted, ApiRequest request);

  // Counts a row for /metrics. Call it once for every new row.
  void observe(const Row& row) { context_.counts.observe(row); }
  void observe_damaged_rows(std::int64_t so_far) { context_.counts.damaged_rows = so_far; }

  // Whether the run has ended and all its rows are written. An unknown run is over.
  Task<bool> over(RunId run) { return context_.records.over(std::move(run)); }
  // Whether nothing more will be written to this attempt's log.
  Task<bool> over(LogFeed feed);
  Journal& journal() { return context_.journal; }
  AttemptStore& attempts() { return context_.attempts; }

 private:
  Authentication authentication_;
  ApiContext context_;
};

// The document that is served as /api/v1/openapi.json.
std::string_view openapi_document();

}  // namespace quietgate
