// The document that describes the API.
#include "runner/api/api.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> describe(ApiContext&, Asked) {
  co_return json_answer(std::string(openapi_document()));
}

}  // namespace

Route description_route() {
  return {"GET", "/api/v1/openapi.json", Permission::read, no_body, describe};
}

}  // namespace quietgate
