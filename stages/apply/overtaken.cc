#include "stages/apply/overtaken.h"

namespace quietgate {

namespace {

std::string first_seven(const CommitId& commit) {
  return commit.substr(0, 7);
}

}  // namespace

std::string Overtaken::sentence() const {
  return branch + " was moved to " + first_seven(promoted) + " by this run and " +
         (now.empty() ? std::string("is gone since") : "is at " + first_seven(now) + " now");
}

Task<Result<std::optional<Overtaken>>> overtaken(Git& git, const StageRequest& request) {
  using Answer = Result<std::optional<Overtaken>>;
  std::optional<Overtaken> found;
  for (const auto& row : *request.history) {
    const auto* e = std::get_if<CommitPromoted>(&row.event);
    if (e != nullptr && e->run == request.run) found = Overtaken{e->branch, e->to, {}};
  }
  if (!found) co_return Answer(std::nullopt);
  GitRemote remote = request.remote;
  auto branches = co_await git.branches(std::move(remote), *request.stop);
  if (!branches) co_return Answer(branches.error());
  if (branches->empty()) co_return Answer(std::nullopt);  // a list without branches is not believed
  for (const auto& branch : *branches) {
    if (branch.name == found->branch) found->now = branch.commit;
  }
  if (found->now == found->promoted) co_return Answer(std::nullopt);
  co_return Answer(std::move(found));
}

}  // namespace quietgate
