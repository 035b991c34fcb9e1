// The repositories that are watched.
#include "runner/api/route.h"

namespace quietgate {

namespace {

Task<ApiResponse> list_repositories(ApiContext& context, Asked) {
  auto& catalog = context.catalog;
  std::vector<RepositoryState> states;
  for (const auto& repository : context.options.repositories) {
    RepositoryState state{repository, false, {}, std::nullopt};
    auto watched = co_await catalog.watched(repository.name);
    auto branches = co_await catalog.branches(repository.name);
    auto runs = co_await catalog.runs(repository.name, 1);
    if (!watched) co_return failed_answer(watched.error());
    if (!branches) co_return failed_answer(branches.error());
    if (!runs) co_return failed_answer(runs.error());
    state.watched = *watched;
    state.branches = std::move(*branches);
    if (!runs->empty()) state.last_run = runs->front();
    states.push_back(std::move(state));
  }
  co_return json_answer(repositories_document(states));
}

}  // namespace

Route repositories_route() {
  return {"GET", "/api/v1/repositories", Permission::read, no_body, list_repositories};
}

}  // namespace quietgate
