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
  return user_error(stage + " kept no artifacts", "let `artifacts:` of " + stage + " name what it makes");
}

Result<std::optional<Kept>> kept_in_this_run(const RunState& state, const std::string& stage) {
  const auto found = state.stages.find(stage);
  if (found == state.stages.end()) return std::optional<Kept>();
  if (found->second.status != StageStatus::finished || found->second.outcome.outcome != Outcome::passed)
    return user_error(stage + " has not passed: what it kept is given to nobody",
                      "`from` names stages that this one comes after");
  const auto& kept = found->second.outcome.artifacts;
  if (!kept || kept->files == 0) return nothing_kept(stage);
  return std::optional<Kept>(Kept{state.id, found->second.attempt, *kept});
}

// Of a run of this commit: what the stage kept when it passed.
Result<std::optional<Kept>> kept_in(const RunId& run, const CommitId& commit, const std::string& stage,
                                    Journal& journal) {
  auto state = fold_run(journal, run);
  if (!state) return state.error();
  const auto found = state->stages.find(stage);
  if (state->commit != commit || found == state->stages.end()) return std::optional<Kept>();
  const auto& outcome = found->second.outcome;
  const bool passed = found->second.status == StageStatus::finished && outcome.outcome == Outcome::passed;
  if (!passed || !outcome.artifacts || outcome.artifacts->files == 0) return std::optional<Kept>();
  return std::optional(Kept{run, found->second.attempt, *outcome.artifacts});
}

Result<Kept> kept_at_promotion(const RunState& state, const std::string& stage, const GivenFrom& from) {
  auto runs = from.catalog.promoted_runs(state.id.repository, most_promotions);
  if (!runs) return runs.error();
  for (const auto& run : *runs) {
    if (run == state.id) continue;
    auto kept = kept_in(run, state.commit, stage, from.journal);
    if (!kept) return kept.error();
    if (*kept) return **kept;
  }
  return infrastructure_error(
      "what " + stage + " kept when " + state.commit.substr(0, 7) + " was promoted is not on record any more",
      "start a run of that commit, or push one that mends it");
}

}  // namespace

Result<std::vector<GivenArtifacts>> given_to(const RunState& state, const StageSpec& stage, const GivenFrom& from) {
  std::vector<GivenArtifacts> given;
  for (const auto& name : stage.from) {
    auto here = kept_in_this_run(state, name);
    if (!here) return here.error();
    Result<Kept> kept = *here ? Result<Kept>(**here) : Result<Kept>(nothing_kept(name));
    if (!*here && state.rollback.wanted()) kept = kept_at_promotion(state, name, from);
    if (!kept) return kept.error();
    auto directory = from.workspace.attempt(kept->run, name, kept->attempt);
    if (!directory) return directory.error();
    given.push_back({name, std::move(*directory), kept->artifacts});
  }
  return given;
}

}  // namespace quietgate
