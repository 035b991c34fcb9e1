#include "runner/engine/watcher.h"

#include <algorithm>
#include <functional>

namespace quietgate {

namespace {

constexpr std::size_t queue_limit = 100;  // commits of one push that each get a run under `concurrency: queue`
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
                 PipelineCompiler& compiler, Trouble trouble)
    : repository_(std::move(repository)),
      journal_(journal),
      catalog_(catalog),
      git_(git),
      clock_(clock),
      compiler_(compiler),
      trouble_(std::move(trouble)) {}

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

Task<Result<void>> Watcher::poll(Stop& stop) {
  const auto& name = repository_.remote.repository;
  auto found = co_await git_.branches(repository_.remote, stop);
  if (!found) co_return found.error();
  std::erase_if(*found, [&](const GitBranch& branch) { return !any_glob_matches(repository_.branches, branch.name); });
  auto watched = catalog_.watched(name);
  if (!watched) co_return watched.error();
  auto known = catalog_.branches(name);
  if (!known) co_return known.error();
  auto moves = compare(name, *known, *watched, *found);
  if (!*watched) {
    std::vector<Event> events{RepositoryWatched{name, repository_.remote.url}};
    events.insert(events.end(), moves.begin(), moves.end());
    auto appended = journal_.append(std::move(events));
    if (!appended) co_return appended.error();
    co_return Result<void>{};
  }
  std::vector<std::string> to_fetch;
  for (const auto& move : moves) {
    if (!move.to.empty()) to_fetch.push_back(move.branch);
  }
  if (!to_fetch.empty()) {
    auto fetched = co_await git_.fetch(repository_.remote, to_fetch, stop);
    if (!fetched) co_return fetched.error();
  }
  for (auto& move : moves) {
    auto followed = co_await follow(std::move(move), stop);
    if (!followed) co_return followed.error();
  }
  co_return Result<void>{};
}

Task<Result<void>> Watcher::follow(RefMoved moved, Stop& stop) {
  if (moved.kind == RefMoved::Kind::moved) {
    auto forward = co_await git_.is_ancestor(moved.repository, moved.from, moved.to, stop);
    // A start that the mirror does not have any more can't be an ancestor.
    if (!forward || !*forward) moved.kind = RefMoved::Kind::forced;
  }
  std::vector<Event> events{moved};
  if (!moved.to.empty()) {
    auto wanted = co_await wanted_runs(moved, stop);
    if (!wanted) co_return wanted.error();
    events.insert(events.end(), std::make_move_iterator(wanted->begin()), std::make_move_iterator(wanted->end()));
  }
  auto appended = journal_.append(std::move(events));
  if (!appended) co_return appended.error();
  co_return Result<void>{};
}

Task<Result<std::vector<Event>>> Watcher::wanted_runs(RefMoved moved, Stop& stop) {
  const auto& name = moved.repository;
  std::vector<Event> events;
  auto text = co_await git_.read_file(name, moved.to, repository_.pipeline, pipeline_size_limit, stop);
  if (!text && text.error().kind == ErrorKind::infrastructure) co_return text.error();
  PipelineCompiler::Trigger trigger;
  bool readable = text.ok() && text->has_value();
  if (readable) {
    auto compiled = compiler_.trigger(**text, repository_.pipeline);
    readable = compiled.ok();
    if (compiled) trigger = *compiled;
  }
  // A missing or broken pipeline file gets a run on the branches that would promote: it fails with the diagnostic, for
  // people to see.
  if (!readable) trigger.rules.branches = repository_.protected_branches;

  auto base = catalog_.last_run_commit(name, moved.branch);
  if (!base) co_return base.error();
  std::vector<std::string> changed;
  bool changes_known = false;
  if (!base->empty() && readable) {
    auto paths = co_await git_.changed_paths(name, *base, moved.to, stop);
    changes_known = paths.ok();
    if (paths) changed = std::move(*paths);
  }
  auto decision = decide(trigger.rules, moved.branch, changed, changes_known);
  if (!decision.run) {
    events.push_back(RunSkipped{name, moved.branch, moved.to, decision.reason});
    co_return events;
  }
  std::vector<CommitId> commits{moved.to};
  if (trigger.concurrency == Concurrency::queue && moved.kind == RefMoved::Kind::moved) {
    auto between = co_await git_.commits_between(name, moved.from, moved.to, queue_limit, stop);
    if (!between) co_return between.error();
    if (!between->empty()) commits = std::move(*between);
  }
  auto requested = request_runs(events, moved, std::move(commits), trigger.concurrency);
  if (!requested) co_return requested.error();
  co_return events;
}

Result<void> Watcher::request_runs(std::vector<Event>& events, const RefMoved& moved, std::vector<CommitId> commits,
                                   Concurrency concurrency) {
  auto number = catalog_.next_number(moved.repository);
  if (!number) return number.error();
  const auto first = *number;
  for (auto& commit : commits) {
    events.push_back(RunRequested{{moved.repository, (*number)++}, moved.branch, std::move(commit), cause_of(moved)});
  }
  if (concurrency != Concurrency::supersede) return {};
  auto unfinished = catalog_.unfinished_runs();
  if (!unfinished) return unfinished.error();
  for (const auto& older : *unfinished) {
    if (older.id.repository != moved.repository || older.branch != moved.branch) continue;
    auto asked = journal_.read(older.first - 1, 1);
    if (!asked) return asked.error();
    const auto* request = asked->empty() ? nullptr : std::get_if<RunRequested>(&asked->front().event);
    if (request != nullptr && request->rollback.wanted()) continue;  // what goes back goes on
    const RunId newer{moved.repository, first};                      // has no say when the older one releases already
    events.push_back(CancelRequested{older.id, "quietgate", "superseded by " + to_string(newer), newer});
  }
  return {};
}

}  // namespace quietgate
