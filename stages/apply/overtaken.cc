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
  const auto& promotion = request.run_state->promotion;
  if (!promotion) co_return Answer(std::nullopt);
  std::optional<Overtaken> found = Overtaken{promotion->branch, promotion->to, {}};
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
