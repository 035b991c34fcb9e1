#include "runner/engine/watcher.h"

#include <algorithm>
#include <functional>

namespace quietgate {

namespace {

constexpr std::size_t queue_limit = 100;  // commits of one push that each get a run under `concurrency: queue`
constexpr int fetch_budget = 3;           // deadlines that a poll spends on fetching branches one by one
constexpr int hopeless = 3;               // failures in a row, without one success, that are not the branches' own
constexpr int journaled_after = 3;        // failures of a branch at one commit
constexpr std::size_t most_named = 5;     // branches in one sentence
const std::string short_id(const CommitId& id) {
  return id.substr(0, 7);
}

std::string cause_of(const RefMoved& moved) {
  switch (moved.kind) {
    case RefMoved::Kind::created:
      return moved.branch + " was created at " + short_id(moved.to);
    case RefMoved::Kind::forced:
      return moved.branch + " was forced from " + short_id(moved.from) + " to " + short_id(moved.to);
    default:
      return moved.branch + " moved from " + short_id(moved.from) + " to " + short_id(moved.to);
  }
}

}  // namespace

std::vector<RefMoved> compare(const std::string& repository, const std::map<std::string, CommitId>& known,
                              bool watched_before, const std::vector<GitBranch>& found) {
  std::vector<RefMoved> moves;
  std::map<std::string, CommitId> gone = known;
  for (const auto& branch : found) {
    auto before = known.find(branch.name);
    gone.erase(branch.name);
    if (before == known.end()) {
      auto kind = watched_before ? RefMoved::Kind::created : RefMoved::Kind::first_seen;
      moves.push_back({repository, branch.name, {}, branch.commit, kind});
    } else if (before->second != branch.commit) {
      moves.push_back({repository, branch.name, before->second, branch.commit, RefMoved::Kind::moved});
    }
  }
  for (const auto& [name, commit] : gone) moves.push_back({repository, name, commit, {}, RefMoved::Kind::deleted});
  return moves;
}

Milliseconds poll_delay(const std::string& repository, Milliseconds interval, int failures, std::uint64_t poll) {
  constexpr Milliseconds longest{300'000};
  auto delay = interval;
  for (int i = 0; i < failures && delay < longest; ++i) delay *= 2;
  if (failures > 0) delay = std::min(delay, std::max(longest, interval));
  auto draw = std::hash<std::string>{}(repository + "#" + std::to_string(poll)) % 1000;
  return delay + delay * static_cast<std::int64_t>(draw) / 10'000;
}

Watcher::Watcher(Repository repository, Journal& journal, Catalog& catalog, Git& git, Clock& clock,
                 PipelineCompiler& compiler, Trouble trouble, BranchTrouble branch_trouble, EarlierNumbers* numbers)
    : repository_(std::move(repository)),
      journal_(journal),
      catalog_(catalog),
      git_(git),
      clock_(clock),
      compiler_(compiler),
      trouble_(std::move(trouble)),
      branch_trouble_(std::move(branch_trouble)),
      numbers_(numbers) {}

Task<void> Watcher::watch(Stop& stop) {
  int failures = 0;
  for (std::uint64_t poll_number = 0;; ++poll_number) {
    auto polled = co_await poll(stop);
    if (!polled) {
      if (failures++ == 0) trouble_(repository_.remote.repository, polled.error());
    } else if (failures > 0) {
      failures = 0;
      trouble_(repository_.remote.repository, std::nullopt);
    }
    co_await clock_.sleep(poll_delay(repository_.remote.repository, repository_.poll, failures, poll_number), stop);
  }
}

Task<Result<std::vector<GitBranch>>> Watcher::list(Stop& stop) {
  auto found = co_await git_.branches(repository_.remote, stop);
  if (!found || !found->empty()) co_return found;
  auto known = co_await catalog_.branches(repository_.remote.repository);
  if (!known) co_return known.error();
  if (known->empty()) co_return found;
  co_return infrastructure_error(
      "the remote lists no branches, but had " + std::to_string(known->size()) + ": none counts as deleted",
      "check the server; if the repository is really empty, it is watched again as soon as it has a branch");
}

// Branches that nobody can follow are told once, and are as good as not there.
void Watcher::leave_out(std::vector<GitBranch>& found) {
  std::size_t count = 0;
  std::string names;
  for (const auto& branch : found) {
    if (branch.problem.empty() || ++count > most_named) continue;
    names += (names.empty() ? "`" : ", `") + branch.name + "` (" + branch.problem + ")";
  }
  if (count > most_named) names += " and " + std::to_string(count - most_named) + " more";
  std::erase_if(found, [&](const GitBranch& branch) {
    return !branch.problem.empty() || !any_glob_matches(repository_.branches, branch.name);
  });
  if (names != left_out_ && count > 0) {
    branch_trouble_(repository_.remote.repository,
                    user_error(std::string(count == 1 ? "one branch is" : "branches are") + " left out: " + names,
                               "rename or remove them"));
  }
  left_out_ = names;
}

Task<Result<void>> Watcher::poll(Stop& stop) {
  const auto& name = repository_.remote.repository;
  auto found = co_await list(stop);
  if (!found) co_return found.error();
  if (numbers_ != nullptr) {
    // Before anything is on record that a run could be asked for.
    auto learned = co_await numbers_->learn(repository_.remote, stop);
    if (!learned) co_return learned.error();
  }
  leave_out(*found);
  auto watched = co_await catalog_.watched(name);
  if (!watched) co_return watched.error();
  auto known = co_await catalog_.branches(name);
  if (!known) co_return known.error();
  auto moves = compare(name, *known, *watched, *found);
  if (!*watched) {
    std::vector<Event> events{RepositoryWatched{name, repository_.remote.url}};
    events.insert(events.end(), moves.begin(), moves.end());
    auto appended = co_await journal_.append(std::move(events));
    if (!appended) co_return appended.error();
    co_return Result<void>{};
  }
  stuck_.keep_only(moves);
  std::vector<RefMoved> late;
  if (const auto* due = stuck_.due(moves, clock_.now())) late.push_back(*due);
  std::erase_if(moves, [&](const RefMoved& move) { return stuck_.contains(move); });
  // What must be followed first goes first, whatever holds up the others.
  std::stable_sort(moves.begin(), moves.end(), [&](const RefMoved& a, const RefMoved& b) {
    const auto order = [&](const RefMoved& move) {
      return move.to.empty() ? 0 : any_glob_matches(repository_.protected_branches, move.branch) ? 1 : 2;
    };
    return order(a) < order(b);
  });
  auto followed = co_await fetch_together(std::move(moves), stop);
  if (!followed) co_return followed.error();
  co_return co_await fetch_one_by_one(std::move(late), stop);
}

Task<Result<void>> Watcher::fetch_together(std::vector<RefMoved> moves, Stop& stop) {
  std::vector<std::string> branches;
  for (const auto& move : moves) {
    if (!move.to.empty()) branches.push_back(move.branch);
  }
  Result<void> fetched;
  const bool several = branches.size() > 1;
  if (several) fetched = co_await git_.fetch(repository_.remote, branches, stop);
  std::vector<RefMoved> alone;
  for (auto& move : moves) {
    if (!move.to.empty() && (!several || !fetched)) {
      alone.push_back(std::move(move));
      continue;
    }
    auto followed = co_await follow(std::move(move), stop);
    if (!followed) co_return followed.error();
  }
  co_return co_await fetch_one_by_one(std::move(alone), stop);
}

// One that can't be fetched takes no other with it, but what is the remote's own trouble is not tried for each of them.
// What is not tried for lack of time comes in the next poll.
Task<Result<void>> Watcher::fetch_one_by_one(std::vector<RefMoved> moves, Stop& stop) {
  const auto until = clock_.now() + fetch_budget * repository_.remote.deadline;
  int failures = 0;
  bool any = false;
  for (auto& move : moves) {
    std::vector<std::string> branch{move.branch};
    auto fetched = co_await git_.fetch(repository_.remote, std::move(branch), stop);
    Result<void> done;
    if (fetched) {
      done = co_await follow(std::move(move), stop);
    } else {
      done = co_await stuck(move, fetched.error());
    }
    if (!done) co_return done.error();
    any = any || fetched.ok();
    if (!fetched) ++failures;
    if (clock_.now() >= until || (!any && failures >= hopeless)) break;
  }
  co_return Result<void>{};
}

Task<Result<void>> Watcher::stuck(RefMoved moved, Error error) {
  const auto& failure = stuck_.add(moved, std::move(error), repository_.poll, clock_.now());
  const auto sentence = moved.branch + " can't be followed to " + short_id(moved.to) + ": " + failure.error.message;
  if (failure.times == 1) {
    branch_trouble_(moved.repository, Error{failure.error.kind, sentence, failure.error.advice});
  }
  if (failure.times != journaled_after) co_return Result<void>{};
  std::vector<Event> events{RunSkipped{moved.repository, moved.branch, moved.to, sentence}};
  auto appended = co_await journal_.append(std::move(events));
  co_return appended ? Result<void>{} : Result<void>(appended.error());
}

struct Watcher::Seen {
  bool readable = false;  // the pipeline's file
  PipelineTrigger trigger;
  std::vector<std::string> changed;
  bool changes_known = false;
  std::vector<CommitId> commits;  // that were pushed, under `concurrency: queue`
  TriggerDecision decision;
};

Task<Result<void>> Watcher::follow(RefMoved moved, Stop& stop) {
  if (moved.kind == RefMoved::Kind::moved) {
    auto forward = co_await git_.is_ancestor(moved.repository, moved.from, moved.to, stop);
    // A start that the mirror does not have any more can't be an ancestor.
    if (!forward || !*forward) moved.kind = RefMoved::Kind::forced;
  }
  Wanted wanted;
  if (!moved.to.empty()) {
    auto base = co_await catalog_.last_run_commit(moved.repository, moved.branch);
    if (!base) co_return base.error();
    auto seen = co_await look(moved, *base, stop);
    if (!seen) co_return co_await stuck(moved, seen.error());
    auto found = co_await wanted_runs(moved, *base, std::move(*seen));
    if (!found) co_return found.error();
    wanted = std::move(*found);
  }
  auto appended = co_await record(moved, std::move(wanted));
  if (!appended) co_return appended.error();
  stuck_.remove(moved.branch);
  co_return Result<void>{};
}

Task<Result<Watcher::Seen>> Watcher::look(RefMoved moved, CommitId base, Stop& stop) {
  const auto& name = moved.repository;
  Seen seen;
  auto text = co_await git_.read_file(name, moved.to, repository_.pipeline, pipeline_size_limit, stop);
  if (!text && text.error().kind == ErrorKind::infrastructure) co_return text.error();
  seen.readable = text.ok() && text->has_value();
  if (seen.readable) {
    auto compiled = co_await compiler_.trigger(std::move(**text), repository_.pipeline, stop);
    seen.readable = compiled.ok();
    if (compiled) seen.trigger = *compiled;
  }
  if (!base.empty() && seen.readable) {
    auto paths = co_await git_.changed_paths(name, base, moved.to, stop);
    seen.changes_known = paths.ok();
    if (paths) seen.changed = std::move(*paths);
  }
  if (seen.trigger.concurrency == Concurrency::queue && moved.kind == RefMoved::Kind::moved) {
    auto between = co_await git_.commits_between(name, moved.from, moved.to, queue_limit, stop);
    if (!between) co_return between.error();
    seen.commits = std::move(*between);
  }
  // A missing or broken pipeline file gets a run on the branches that would promote: it fails with the diagnostic, for
  // people to see.
  if (!seen.readable) seen.trigger.rules.branches = repository_.protected_branches;
  seen.decision =
      co_await compiler_.decide(seen.trigger.rules, moved.branch, std::move(seen.changed), seen.changes_known, stop);
  co_return seen;
}

Task<Result<Watcher::Wanted>> Watcher::wanted_runs(RefMoved moved, CommitId base, Seen seen) {
  Wanted wanted;
  const auto skipped = [&](std::string reason) {
    wanted.skipped = RunSkipped{moved.repository, moved.branch, moved.to, std::move(reason)};
    return wanted;
  };
  if (moved.kind == RefMoved::Kind::created && base == moved.to) {
    co_return skipped(moved.branch + " is back at the commit that it ran last");
  }
  if (!seen.decision.run) co_return skipped(std::move(seen.decision.reason));
  wanted.commits = std::move(seen.commits);
  if (wanted.commits.empty()) wanted.commits = {moved.to};
  if (seen.trigger.concurrency != Concurrency::supersede) co_return wanted;
  wanted.seen = journal_.last();
  auto superseded = co_await superseded_by(moved);
  if (!superseded) co_return superseded.error();
  wanted.superseded = std::move(*superseded);
  co_return wanted;
}

// Unfinished runs of the branch; but what goes back goes on.
Task<Result<std::vector<RunId>>> Watcher::superseded_by(RefMoved moved) {
  std::vector<RunId> superseded;
  auto unfinished = co_await catalog_.unfinished_runs();
  if (!unfinished) co_return unfinished.error();
  for (const auto& older : *unfinished) {
    if (older.id.repository != moved.repository || older.branch != moved.branch) continue;
    auto asked = co_await journal_.read(older.first - 1, 1);
    if (!asked) co_return asked.error();
    const auto* request = asked->empty() ? nullptr : std::get_if<RunRequested>(&asked->front().event);
    if (request == nullptr || !request->rollback.wanted()) superseded.push_back(older.id);
  }
  co_return superseded;
}

Task<Result<std::int64_t>> Watcher::record(RefMoved moved, Wanted wanted) {
  if (wanted.commits.empty()) {
    std::vector<Event> events{moved};
    if (wanted.skipped) events.emplace_back(std::move(*wanted.skipped));
    co_return co_await journal_.append(std::move(events));
  }
  RunId first{moved.repository, 0};
  const auto known = wanted.superseded;
  const auto seen = wanted.seen;
  const auto written = static_cast<std::int64_t>(1 + wanted.commits.size() + known.size());
  auto rows = [moved, wanted = std::move(wanted), &first](std::int64_t number) {
    first.number = number;
    std::vector<Event> events{moved};
    for (const auto& commit : wanted.commits)
      events.push_back(RunRequested{{moved.repository, number++}, moved.branch, commit, cause_of(moved)});
    // Has no say when the older one releases already.
    for (const auto& older : wanted.superseded)
      events.push_back(CancelRequested{older, "quietgate", "superseded by " + to_string(first), first});
    return events;
  };
  auto appended = co_await journal_.append_runs(moved.repository, std::move(rows));
  if (appended && seen && *appended - written > *seen) {
    auto missed = co_await supersede_missed(moved, first, known);
    if (!missed) co_return missed.error();
  }
  co_return appended;
}

// Others wrote rows between the look at the branch's runs and the append: a run among them is superseded, too.
Task<Result<void>> Watcher::supersede_missed(RefMoved moved, RunId first, std::vector<RunId> known) {
  auto older = co_await superseded_by(moved);
  if (!older) co_return older.error();
  std::vector<Event> events;
  for (const auto& run : *older) {
    if (run.number < first.number && std::find(known.begin(), known.end(), run) == known.end())
      events.push_back(CancelRequested{run, "quietgate", "superseded by " + to_string(first), first});
  }
  if (events.empty()) co_return Result<void>{};
  auto appended = co_await journal_.append(std::move(events));
  co_return appended ? Result<void>{} : Result<void>(appended.error());
}

}  // namespace quietgate
