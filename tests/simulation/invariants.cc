#include "tests/simulation/invariants.h"

#include <algorithm>
#include <filesystem>

#include "tests/support/specs.h"

namespace quietgate {

namespace {

bool works(const StageSpec& spec) {
  return traits_of(spec).takes_slot;
}

// What a state tells stages, but for texts.
std::string facts_of(const RunState& run) {
  auto text = fmt::format("{} bytes, {} asking, cancelled {}, promoted {}", run.bytes_kept, run.asking,
                          run.cancel.has_value(), run.promotion ? run.promotion->to : "nothing");
  for (const auto& [id, environment] : run.environments) text += fmt::format("; {} {}", id, environment.unwanted);
  for (const auto& [name, stage] : run.stages) {
    text += fmt::format("; {} {}.{} {}{}{}{}{} {}", name, to_string(stage.status), stage.attempt, stage.promoted,
                        stage.promotion_intent.has_value(), stage.refusal.has_value(), stage.decision.has_value(),
                        stage.question.of_last_attempt, stage.judged ? stage.judged->attempt : 0);
    if (stage.environment)
      text += fmt::format(" {} {}", stage.environment->planned.environment, stage.environment->gone);
  }
  return text;
}

SimMachine::Which of_run(const RunId& run) {
  return [run](const StepName& name) {
    const auto* owner = std::get_if<AttemptOwner>(&name.owner);
    return owner != nullptr && owner->attempt.run == run;
  };
}

SimMachine::Which of_stage(const RunId& run, const std::string& stage) {
  return [run, stage](const StepName& name) {
    const auto* owner = std::get_if<AttemptOwner>(&name.owner);
    return owner != nullptr && owner->attempt.run == run && owner->attempt.stage == stage;
  };
}

SimMachine::Which of_environment(const std::string& id) {
  return [id](const StepName& name) {
    const auto* owner = std::get_if<EnvironmentOwner>(&name.owner);
    return owner != nullptr && owner->environment == id;
  };
}

}  // namespace

Invariants::Invariants(World& world, SimMachine& machine, std::map<std::string, SimRemote>& remotes, std::string data,
                       Limits limits)
    : world_(world), machine_(machine), remotes_(remotes), data_(std::move(data)), limits_(std::move(limits)) {}

void Invariants::breach(const char* which, const std::string& what) const {
  world_.keep_breach(Breach(which, what));
}

std::string Invariants::runs_folder(const RunId& run) const {
  return data_ + "/runs/" + run.repository + "/" + std::to_string(run.number) + "/";
}

void Invariants::committed(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    if (world_.traced()) world_.trace("journal", "{} {} {}", row.sequence, type_of(row.event), to_json(row.event));
  }
  check_append(rows);
  for (const auto& row : rows) {
    if (row.sequence != ++rows_)
      breach(invariant::truth, fmt::format("row {} follows row {}", row.sequence, rows_ - 1));
    environment_row(row);
    const auto run = run_of(row.event);
    if (run.number == 0) continue;
    auto& model = runs_[run];
    before(model, row);
    const auto old = model.state;
    fold(model.state, row.event, row.at);
    model.rows.push_back(row);
    look_for_changes(old, model.state, row.event);
  }
}

// What moved and the run that it asks for are written together.
void Invariants::check_append(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    const auto* moved = std::get_if<RefMoved>(&row.event);
    if (moved == nullptr) continue;
    auto& at = seen_[moved->repository][moved->branch];
    if (at != moved->from)
      breach(invariant::truth, fmt::format("{} moved from {}, but was last seen at {}", moved->branch,
                                           moved->from.substr(0, 7), at.substr(0, 7)));
    at = moved->to;
    if (moved->kind == RefMoved::Kind::first_seen) first_seen_[{moved->repository, moved->branch}] = moved->to;
    if (moved->to.empty() || moved->kind == RefMoved::Kind::first_seen) continue;
    const bool answered = std::any_of(rows.begin(), rows.end(), [&](const Row& other) {
      const auto* asked = std::get_if<RunRequested>(&other.event);
      const auto* skipped = std::get_if<RunSkipped>(&other.event);
      return (asked != nullptr && asked->branch == moved->branch && asked->commit == moved->to) ||
             (skipped != nullptr && skipped->branch == moved->branch && skipped->commit == moved->to);
    });
    if (!answered)
      breach(invariant::kept, fmt::format("{} moved to {}, and neither a run nor a reason for none was written with it",
                                          moved->branch, moved->to.substr(0, 7)));
  }
}

void Invariants::before(const RunModel& model, const Row& row) {
  const auto& state = model.state;
  const auto run = to_string(run_of(row.event));
  if (const auto* asked = std::get_if<RunRequested>(&row.event)) {
    if (model.state.id.number != 0) breach(invariant::kept, "the number " + run + " is given twice");
    const bool first = asked->run.number == 1 || runs_.contains({asked->run.repository, asked->run.number - 1});
    if (!first) breach(invariant::kept, "there is no run before " + run);
    return;
  }
  if (state.id.number == 0) return breach(invariant::kept, run + " was never requested: " + type_of(row.event));
  if (const auto* compiled = std::get_if<PlanCompiled>(&row.event)) {
    if (state.plan) breach(invariant::monotone, run + " has two plans");
    for (const auto& [id, other] : runs_) {
      const bool earlier = id.repository == state.id.repository && id.number < state.id.number;
      if (earlier && other.state.branch == state.branch && other.state.status != RunStatus::finished &&
          compiled->plan->concurrency != Concurrency::parallel)
        breach(invariant::turns, run + " begins although " + to_string(id) + " of " + state.branch + " has not ended");
    }
  }
  const bool is_late =
      std::holds_alternative<EnvironmentDestroyed>(row.event) ||
      std::holds_alternative<EnvironmentNotDestroyed>(row.event) ||
      std::holds_alternative<EnvironmentDestroyRequested>(row.event) ||
      std::holds_alternative<PromotionRequested>(row.event) || std::holds_alternative<CancelRequested>(row.event) ||
      std::holds_alternative<EvidencePublished>(row.event) || std::holds_alternative<ApprovalGiven>(row.event);
  if (state.status == RunStatus::finished && !is_late)
    breach(invariant::monotone, run + " has ended, and then: " + type_of(row.event));
  stage_row(model, row);
  promotion_row(model, row);
  if (const auto* finished = std::get_if<RunFinished>(&row.event)) finish_row(model, *finished);
}

// What the driver decided must be what `next` says of the rows.
// By the rows alone, whatever the engine thinks: who uses the lock now.
void Invariants::lock_taken(const RunModel& model, const StageSpec& spec) const {
  std::set<RunId> holders{model.state.id};
  for (const auto& [id, other] : runs_) {
    if (!other.state.plan) continue;
    for (const auto& each : other.state.plan->stages) {
      const auto& stage = other.state.stages.at(each.name);
      const bool at_work = stage.status == StageStatus::running || stage.status == StageStatus::awaiting_approval;
      if (each.lock != spec.lock || !at_work || other.state.status == RunStatus::finished) continue;
      if (id == model.state.id)
        breach(invariant::locks,
               fmt::format("{} and {} of {} both use lock {}", spec.name, each.name, to_string(id), spec.lock));
      holders.insert(id);
    }
  }
  for (const auto& [name, environment] : environments_) {
    auto other = runs_.find(environment.run);
    if (environment.keep || other == runs_.end() || !other->second.state.plan) continue;
    const auto* made_by = other->second.state.plan->find(environment.stage);
    if (made_by != nullptr && made_by->lock == spec.lock) holders.insert(environment.run);
  }
  auto size = limits_.locks.find(spec.lock);
  if (static_cast<int>(holders.size()) <= (size == limits_.locks.end() ? 1 : size->second)) return;
  std::string names;
  for (const auto& holder : holders) names += " " + to_string(holder);
  breach(invariant::locks, fmt::format("{} of {} takes lock {}; its users are{}", spec.name, to_string(model.state.id),
                                       spec.lock, names));
}

void Invariants::stage_row(const RunModel& model, const Row& row) {
  auto wanted = [&](auto fits) {
    const auto actions = next(model.state, {});
    return std::any_of(actions.begin(), actions.end(), fits);
  };
  const auto run = to_string(model.state.id);
  if (const auto* started = std::get_if<StageStarted>(&row.event)) {
    const bool right = wanted([&](const Action& action) {
      return action.kind == Action::Kind::start && action.stage == started->stage &&
             action.attempt == started->attempt && !action.resume;
    });
    if (!right)
      breach(invariant::replay,
             fmt::format("{} starts {}.{}, which its rows do not ask for", run, started->stage, started->attempt));
    if (!machine_.alive(of_stage(model.state.id, started->stage)).empty())
      breach(invariant::once,
             fmt::format("{}.{} of {} starts while an earlier attempt lives", started->stage, started->attempt, run));
    const auto* spec = model.state.plan ? model.state.plan->find(started->stage) : nullptr;
    if (spec != nullptr && !spec->lock.empty()) lock_taken(model, *spec);
  } else if (const auto* skipped = std::get_if<StageSkipped>(&row.event)) {
    const bool right = wanted([&](const Action& action) {
      return action.kind == Action::Kind::skip && action.stage == skipped->stage && action.reason == skipped->reason;
    });
    if (!right) breach(invariant::replay, run + " skips " + skipped->stage + ", which its rows do not ask for");
  } else if (const auto* finished = std::get_if<StageFinished>(&row.event)) {
    const auto found = model.state.stages.find(finished->stage);
    const bool open =
        found != model.state.stages.end() && found->second.attempt == finished->attempt &&
        (found->second.status == StageStatus::running || found->second.status == StageStatus::awaiting_approval);
    if (!open)
      breach(invariant::monotone,
             fmt::format("{}.{} of {} finishes without running", finished->stage, finished->attempt, run));
    const StepOwner attempt = AttemptOwner{{model.state.id, finished->stage, finished->attempt}};
    if (auto left = machine_.alive([&](const StepName& name) { return name.owner == attempt; }); !left.empty())
      breach(invariant::clean, "an attempt is finished while its step lives: " + to_string(left.front()));
    const auto* spec = model.state.plan ? model.state.plan->find(finished->stage) : nullptr;
    const bool ran =
        spec != nullptr && std::string(kind_of(spec->body)) == "test" && finished->outcome.outcome == Outcome::passed;
    const auto commands = ran ? spec_of<TestSpec>(spec->body).commands : std::vector<Command>();
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const StepName step{attempt, std::to_string(i + 1) + "-run"};
      if (machine_.executions(step) != 1)
        breach(invariant::once, to_string(step) + " is said to have passed, and was never run");
    }
  }
}

void Invariants::promotion_row(const RunModel& model, const Row& row) {
  const auto run = to_string(model.state.id);
  if (const auto* sealed = std::get_if<EvidenceSealed>(&row.event)) {
    const auto stage = model.state.stages.find(sealed->stage);
    if (stage == model.state.stages.end() || !stage->second.promoted || sealed->commit != model.state.commit)
      breach(invariant::truth, run + " has evidence of a promotion that it did not make");
    for (const auto& earlier : model.rows) {
      if (const auto* e = std::get_if<EvidenceSealed>(&earlier.event); e != nullptr && e->stage == sealed->stage)
        breach(invariant::truth, run + " has evidence of one promotion twice");
    }
  }
  if (const auto* promoted = std::get_if<CommitPromoted>(&row.event)) {
    ++promotions_;
    const auto& remote = remotes_.at(model.state.id.repository);
    const auto& positions = positions_[model.state.id.repository][promoted->branch];
    const bool contained = std::any_of(positions.begin(), positions.end(), [&](const CommitId& position) {
      return remote.is_ancestor(promoted->to, position);
    });
    if (!contained) breach(invariant::truth, run + " records a promotion that did not happen");
    if (promoted->to != model.state.commit) breach(invariant::single, run + " promoted another commit than its own");
  } else if (const auto* refused = std::get_if<PromotionRefused>(&row.event)) {
    // When somebody forced the branch to elsewhere meanwhile, nobody can tell any more.
    const auto& remote = remotes_.at(model.state.id.repository);
    const auto now = remote.branches.find(refused->branch);
    const bool contained = now != remote.branches.end() && remote.is_ancestor(model.state.commit, now->second);
    if (model.moves.contains(refused->branch) && contained && !model.state.rollback.wanted())
      breach(invariant::truth, run + " moved " + refused->branch + ", and records a refusal");
  }
}

void Invariants::finish_row(const RunModel& model, const RunFinished& finished) {
  const auto& state = model.state;
  const auto run = to_string(state.id);
  if (auto left = machine_.alive(of_run(state.id)); !left.empty())
    breach(invariant::clean, run + " ends while a step of it lives: " + to_string(left.front()));
  if (state.plan) {
    release_row(model, finished);
    deployed_row(model, finished);
  }
  if (!state.plan || finished.outcome == Outcome::error) return;
  const auto actions = next(state, {});
  const bool right = std::any_of(actions.begin(), actions.end(), [&](const Action& action) {
    return action.kind == Action::Kind::finish && action.outcome == finished.outcome;
  });
  if (!right)
    breach(invariant::replay,
           fmt::format("{} ends as {}, which its rows do not say", run, to_string(finished.outcome)));
}

void Invariants::environment_row(const Row& row) {
  if (const auto* planned = std::get_if<EnvironmentPlanned>(&row.event)) {
    environments_[planned->environment] = *planned;
  } else if (const auto* gone = std::get_if<EnvironmentDestroyed>(&row.event)) {
    environments_.erase(gone->environment);
    const auto folder = data_ + "/environments/" + gone->environment;
    if (!machine_.alive(of_environment(gone->environment)).empty() || std::filesystem::exists(folder))
      breach(invariant::clean, "environment " + gone->environment + " is recorded as destroyed, and is there");
  } else if (const auto* unwanted = std::get_if<EnvironmentDestroyRequested>(&row.event)) {
    auto found = environments_.find(unwanted->environment);
    if (found != environments_.end()) found->second.keep = false;
  }
}

void Invariants::look_for_changes(const RunState& old, const RunState& now, const Event& event) {
  if (std::holds_alternative<PromotionRequested>(event)) return;
  const auto run = to_string(now.id);
  if (old.status == RunStatus::finished && (now.status != old.status || now.outcome != old.outcome))
    breach(invariant::monotone, run + " had ended, and was changed by " + type_of(event));
  for (const auto& [name, stage] : old.stages) {
    const auto& later = now.stages.at(name);
    const bool was_over = stage.status == StageStatus::finished || stage.status == StageStatus::skipped;
    if (was_over && later.attempt == stage.attempt && !(later.outcome == stage.outcome))
      breach(invariant::monotone, name + " of " + run + " had ended, and was changed by " + type_of(event));
  }
}

void Invariants::step_started(const StepName& name) {
  if (machine_.executions(name) != 1)
    breach(invariant::once, fmt::format("{} was started {} times", to_string(name), machine_.executions(name)));
  const auto* owner = std::get_if<AttemptOwner>(&name.owner);
  if (owner == nullptr) return;
  const auto& attempt = owner->attempt;
  const auto model = runs_.find(attempt.run);
  const bool begun = model != runs_.end() && model->second.state.stages.contains(attempt.stage) &&
                     model->second.state.stages.at(attempt.stage).status == StageStatus::running &&
                     model->second.state.stages.at(attempt.stage).attempt == attempt.attempt;
  if (!begun) breach(invariant::truth, to_string(name) + " was started before the journal said so");
}

const Invariants::RunModel* Invariants::pusher(const std::string& repository, const std::string& branch,
                                               const CommitId& from, const CommitId& to, std::string& stage) const {
  for (const auto& [id, model] : runs_) {
    if (id.repository != repository) continue;
    for (const auto& [name, s] : model.state.stages) {
      if (!s.promotion_intent || s.promotion_intent->branch != branch || s.promotion_intent->from != from ||
          s.promotion_intent->to != to)
        continue;
      stage = name;
      return &model;
    }
  }
  return nullptr;
}

void Invariants::push_sent(const std::string& repository, const std::string& branch, const CommitId& from,
                           const CommitId& to) {
  std::string stage;
  const auto* model = pusher(repository, branch, from, to, stage);
  const auto what = fmt::format("push of {} to {}", to.substr(0, 7), branch);
  if (model == nullptr) return breach(invariant::truth, what + ": no run has written that it intends this");
  const auto run = to_string(model->state.id);
  if (to != model->state.commit) breach(invariant::single, what + ": " + run + " judged another commit");
  if (model->state.status == RunStatus::finished) breach(invariant::monotone, what + ": " + run + " has ended");
  const auto* spec = model->state.plan->find(stage);
  const auto promote = spec_of<PromoteSpec>(spec->body);
  if (model->state.rollback.wanted()) {
    if (from != model->state.rollback.from || promote.back_from != from)
      breach(invariant::single, what + ": " + run + " puts back something else than what was promoted");
    return;
  }
  std::optional<GateVerdict> verdict;
  bool approved = promote.approval == Approval::none;
  bool overridden = false;
  for (const auto& row : model->rows) {
    if (const auto* judged = std::get_if<GateJudged>(&row.event); judged != nullptr && judged->stage == stage)
      verdict = judged->judgement.verdict;
    if (const auto* given = std::get_if<ApprovalGiven>(&row.event); given != nullptr && given->stage == stage)
      approved = given->granted;
    if (const auto* person = std::get_if<PromotionRequested>(&row.event)) {
      approved = true;
      overridden = person->override_gate;
    }
  }
  const auto host = promote.gate ? promote.gate->prometheus : std::string("http://quiet");
  if (promote.gate && verdict != GateVerdict::quiet && !overridden)
    breach(invariant::gated, what + ": the gate of " + run + " did not say quiet");
  if (!host.starts_with("http://quiet") && !overridden)
    breach(invariant::gated, what + ": the rules of " + run + " were not quiet");
  if (!approved) breach(invariant::gated, what + ": nobody approved " + run);
  for (const auto& need : spec->needs) {
    if (model->state.stages.at(need).outcome.outcome != Outcome::passed)
      breach(invariant::gated, what + ": `" + need + "` of " + run + " did not pass");
  }
}

void Invariants::branch_moved(const std::string& repository, const std::string& branch, const CommitId& from,
                              const CommitId& to) {
  branch_was_at(repository, branch, to);
  std::string stage;
  const auto* found = pusher(repository, branch, from, to, stage);
  if (found == nullptr) {
    // Its intent may be settled already, when the push arrived late; otherwise it moved from where nobody expected.
    for (auto& [id, model] : runs_) {
      for (const auto& row : model.rows) {
        const auto* intent = std::get_if<PromotionIntended>(&row.event);
        if (intent == nullptr || id.repository != repository || intent->branch != branch || intent->from != from ||
            intent->to != to)
          continue;
        // Who moved the branch to where this push still expected it finds that it did not move, and tries once more.
        for (auto& [other, undone] : runs_) {
          if (other.repository == repository && undone.moves.contains(branch) && undone.state.commit == from)
            ++undone.undone;
        }
        return;
      }
    }
    return breach(invariant::single, fmt::format("{} moved from {} to {}, which no run intended", branch,
                                                 from.substr(0, 7), to.substr(0, 7)));
  }
  auto& model = runs_.at(found->state.id);
  // A move that somebody undid before it was known is a refusal on record; a person may decide to make it again.
  const auto refusals = std::count_if(model.rows.begin(), model.rows.end(), [](const Row& row) {
    return std::holds_alternative<PromotionRefused>(row.event);
  });
  if (++model.moves[branch] > 1 + refusals + model.undone)
    breach(invariant::single, to_string(found->state.id) + " moved " + branch + " twice");
}

void Invariants::branch_was_at(const std::string& repository, const std::string& branch, const CommitId& commit) {
  positions_[repository][branch].insert(commit);
}

std::shared_ptr<void> Invariants::performs(const StageRequest& request) {
  const auto key = std::pair(request.run, request.spec.name);
  const auto name = fmt::format("{}.{} of {}", request.spec.name, request.attempt, to_string(request.run));
  world_.trace("engine", "{} {}", name, request.resume ? "is taken up again" : "is performed");
  if (performing_.contains(key)) breach(invariant::once, name + " is performed twice at once");
  performing_[key] = works(request.spec);
  const auto used = std::count_if(performing_.begin(), performing_.end(), [](const auto& p) { return p.second; });
  if (works(request.spec) && !request.resume && used > limits_.stages)
    breach(invariant::slots, fmt::format("{} is the {}th at work; there are {} slots", name, used, limits_.stages));
  const auto own = std::count_if(performing_.begin(), performing_.end(), [&](const auto& p) {
    return p.second && p.first.first.repository == request.run.repository;
  });
  if (auto limit = limits_.repositories.find(request.run.repository); limit != limits_.repositories.end()) {
    if (works(request.spec) && !request.resume && own > limit->second)
      breach(invariant::slots, fmt::format("{} is the {}th at work of its repository", name, own));
  }
  // The driver's state is what its rows add up to.
  const auto& model = runs_.at(request.run);
  RunState replayed;
  for (const auto& row : model.rows) {
    if (row.sequence > request.run_state->cursor) break;
    fold(replayed, row);
  }
  if (const auto seen = facts_of(*request.run_state), told = facts_of(replayed); seen != told)
    breach(invariant::replay, fmt::format("{} sees `{}`, but its rows add up to `{}`", name, seen, told));
  const auto* spec = replayed.plan ? replayed.plan->find(request.spec.name) : nullptr;
  const auto names = spec == nullptr ? std::vector<std::string>() : judges(*spec);
  const std::set<std::string> asked(names.begin(), names.end());
  std::map<std::string, StageOutcome> finished;
  for (const auto& [stage, state] : replayed.stages) {
    if (state.status == StageStatus::finished && asked.contains(stage)) finished[stage] = state.outcome;
  }
  if (finished != request.finished) breach(invariant::replay, name + " sees other outcomes than its rows say");
  auto over = [this, key, service = service_](void*) {
    if (service == service_) performing_.erase(key);
  };
  return {this, over};
}

void Invariants::restarted(const SimDisk& disk) {
  ++service_;
  performing_.clear();
  if (static_cast<std::int64_t>(disk.rows.size()) != rows_)
    breach(invariant::truth,
           fmt::format("the journal reported {} rows as written, and has {}", rows_, disk.rows.size()));
}

}  // namespace quietgate
