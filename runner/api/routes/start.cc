// Requests a run of a branch's head, or of a commit that is known.
#include <algorithm>

#include "runner/api/json_body.h"
#include "runner/api/requests.h"
#include "runner/api/route.h"

namespace quietgate {

namespace {

constexpr std::size_t searched_runs = 1000;

bool is_named_by(const CommitId& full, const std::string& given) {
  return given.size() >= 7 && full.rfind(given, 0) == 0;
}

Task<ApiResponse> start_run(ApiContext& context, Asked asked) {
  JsonBody body(asked.request, {"repository", "branch", "commit"});
  const auto repository = body.text("repository");
  auto branch = body.text("branch");
  auto commit = body.text("commit");
  if (repository.empty() || (branch.empty() && commit.empty()))
    body.set_problem("`repository` and one of `branch` and `commit` are needed");
  if (!body.problem().empty()) co_return error_answer(400, body.problem());
  const auto& known = context.options.repositories;
  if (std::none_of(known.begin(), known.end(), [&](const auto& r) { return r.name == repository; }))
    co_return error_answer(404, "the repository `" + repository + "` is not watched", "see GET /api/v1/repositories");

  auto branches = co_await context.catalog.branches(repository);
  if (!branches) co_return failed_answer(branches.error());
  if (!branch.empty() && !branches->contains(branch))
    co_return error_answer(404, "branch `" + branch + "` of " + repository + " was not seen", "push it first");
  if (commit.empty()) commit = branches->at(branch);
  RunRequested request;
  request.cause = "requested by " + actor_of(asked.principal);
  // A commit is only run for a branch that it is known to belong to: a branch may have rights.
  for (const auto& [name, head] : *branches) {
    if (!is_named_by(head, commit) || !(branch.empty() || branch == name)) continue;
    request.branch = name;
    request.commit = head;
    co_return co_await append_run(context, std::move(request), repository, std::vector<Event>());
  }
  auto runs = co_await context.catalog.runs(repository, searched_runs);
  if (!runs) co_return failed_answer(runs.error());
  for (const auto& run : *runs) {
    if (!is_named_by(run.commit, commit) || !(branch.empty() || branch == run.branch)) continue;
    request.branch = run.branch;
    request.commit = run.commit;
    co_return co_await append_run(context, std::move(request), repository, std::vector<Event>());
  }
  co_return error_answer(409,
                         "commit `" + commit + "` is neither the head of a watched branch nor one of an earlier run",
                         "push it to a watched branch; a commit is named by at least 7 digits");
}

}  // namespace

Route start_route() {
  return {"POST", "/api/v1/runs", Permission::operate, small_body, start_run};
}

}  // namespace quietgate
