#include "runner/engine/given.h"

#include <optional>
#include <utility>

#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr std::size_t most_promotions = 200;

struct Kept {
  RunId run;
  int attempt = 0;
  ArtifactsKept artifacts;
};

Error nothing_kept(const std::string& stage) {
  return user_error(stage + " kept no artifacts", "name the files that it makes in `artifacts:` of " + stage);
}

Result<std::optional<Kept>> kept_in_this_run(const RunState& state, const std::string& stage) {
  const auto found = state.stages.find(stage);
  if (found == state.stages.end()) return std::optional<Kept>();
  if (found->second.status != StageStatus::finished || found->second.outcome.outcome != Outcome::passed)
    return user_error(stage + " has not passed, so its artifacts are not passed on",
                      "`from` may only name stages that this stage needs");
  const auto& kept = found->second.outcome.artifacts;
  if (!kept || kept->files == 0) return nothing_kept(stage);
  return std::optional<Kept>(Kept{state.id, found->second.attempt, *kept});
}

// Of a run of this commit: what the stage kept when it passed.
Task<Result<std::optional<Kept>>> kept_in(RunId run, CommitId commit, std::string stage, Journal& journal) {
  auto state = co_await fold_run(journal, run);
  if (!state) co_return state.error();
  const auto found = state->stages.find(stage);
  if (state->commit != commit || found == state->stages.end()) co_return std::optional<Kept>();
  const auto& outcome = found->second.outcome;
  const bool passed = found->second.status == StageStatus::finished && outcome.outcome == Outcome::passed;
  if (!passed || !outcome.artifacts || outcome.artifacts->files == 0) co_return std::optional<Kept>();
  co_return std::optional(Kept{run, found->second.attempt, *outcome.artifacts});
}

Task<Result<Kept>> kept_at_promotion(RunId asked, CommitId commit, std::string stage, GivenFrom from) {
  auto runs = co_await from.catalog.promoted_runs(asked.repository, most_promotions);
  if (!runs) co_return runs.error();
  for (const auto& run : *runs) {
    if (run == asked) continue;
    auto kept = co_await kept_in(run, commit, stage, from.journal);
    if (!kept) co_return kept.error();
    if (*kept) co_return **kept;
  }
  co_return infrastructure_error("the artifacts that " + stage + " kept when " + commit.substr(0, 7) +
                                     " was promoted are no longer in the journal",
                                 "start a run of that commit, or push a commit that fixes the release");
}

}  // namespace

Task<Result<std::vector<GivenArtifacts>>> given_to(const RunState& state, const StageSpec& stage, GivenFrom from) {
  std::vector<GivenArtifacts> given;
  for (const auto& name : stage.from) {
    auto here = kept_in_this_run(state, name);
    if (!here) co_return here.error();
    Result<Kept> kept = *here ? Result<Kept>(**here) : Result<Kept>(nothing_kept(name));
    if (!*here && state.rollback.wanted()) kept = co_await kept_at_promotion(state.id, state.commit, name, from);
    if (!kept) co_return kept.error();
    auto directory = from.workspace.attempt(kept->run, name, kept->attempt);
    if (!directory) co_return directory.error();
    given.push_back({name, std::move(*directory), kept->artifacts});
  }
  co_return given;
}

}  // namespace quietgate
