#include "tests/simulation/sim_git.h"

#include <filesystem>
#include <fstream>

namespace quietgate {

namespace fs = std::filesystem;

namespace {

Error gone(const std::string& what) {
  return infrastructure_error("git://sim: " + what);
}

Error no_commit(const CommitId& id) {
  return infrastructure_error("commit " + id.substr(0, 7) + " is not in the mirror");
}

}  // namespace

SimGit::SimGit(World& world, SimClock& clock, std::map<std::string, SimRemote>& remotes, PushSeen push_seen,
               Moved moved)
    : world_(world), clock_(clock), remotes_(remotes), push_seen_(std::move(push_seen)), moved_(std::move(moved)) {}

// One way over the network. An error: it did not arrive, which is known after a while.
Task<Result<void>> SimGit::travel(Milliseconds deadline, double lost, Stop& stop) {
  const bool down = world_.network_down;
  const bool is_lost = world_.fault(lost) || down;
  auto span = world_.dice.span(Milliseconds{1}, Milliseconds{80});
  if (world_.fault(world_.faults.slow_answer)) span = world_.dice.span(Milliseconds{1'000}, deadline / 2);
  if (is_lost) span = world_.dice.span(Milliseconds{1}, deadline);
  co_await clock_.sleep(span, stop);
  if (is_lost) co_return gone(down ? "unreachable" : "connection lost");
  co_return Result<void>{};
}

Task<Result<void>> SimGit::look(std::string repository, CommitId id, Stop& stop) {
  co_await clock_.sleep(world_.dice.span(Milliseconds(0), Milliseconds(5)), stop);
  if (!remotes_.at(repository).mirror.contains(id)) co_return no_commit(id);
  co_return Result<void>{};
}

Task<Result<std::vector<GitBranch>>> SimGit::branches(GitRemote remote, Stop& stop) {
  auto there = co_await travel(remote.deadline, world_.faults.lost_request, stop);
  if (!there) co_return there.error();
  std::vector<GitBranch> found;
  for (const auto& [name, id] : remotes_.at(remote.repository).branches) found.push_back({name, id});
  auto back = co_await travel(remote.deadline, world_.faults.lost_answer, stop);
  if (!back) co_return back.error();
  co_return found;
}

Task<Result<void>> SimGit::fetch(GitRemote remote, std::vector<std::string> branches, Stop& stop) {
  auto there = co_await travel(remote.deadline, world_.faults.lost_request, stop);
  if (!there) co_return there.error();
  auto& there_are = remotes_.at(remote.repository);
  for (const auto& branch : branches) {
    auto found = there_are.branches.find(branch);
    if (found == there_are.branches.end()) continue;
    for (auto id = found->second; !id.empty(); id = there_are.commits.at(id).parent) there_are.mirror.insert(id);
  }
  co_return co_await travel(remote.deadline, world_.faults.lost_answer, stop);
}

Task<Result<GitCommit>> SimGit::commit(std::string repository, CommitId id, Stop& stop) {
  auto known = co_await look(std::move(repository), id, stop);
  if (!known) co_return known.error();
  GitCommit commit;
  commit.id = id;
  commit.author = "Ana <ana@example.org>";
  commit.summary = "change " + id.substr(0, 7);
  co_return commit;
}

Task<Result<std::optional<std::string>>> SimGit::read_file(std::string repository, CommitId id, std::string path,
                                                           std::size_t, Stop& stop) {
  auto known = co_await look(repository, id, stop);
  if (!known) co_return known.error();
  const auto& files = remotes_.at(repository).commits.at(id).files;
  auto found = files.find(path);
  std::optional<std::string> text;
  if (found != files.end()) text = found->second;
  co_return text;
}

Task<Result<std::vector<std::string>>> SimGit::changed_paths(std::string repository, CommitId from, CommitId to,
                                                             Stop& stop) {
  auto known = co_await look(repository, to, stop);
  if (known && !from.empty()) known = co_await look(repository, from, stop);
  if (!known) co_return known.error();
  co_return remotes_.at(repository).changed_paths(from, to);
}

Task<Result<bool>> SimGit::is_ancestor(std::string repository, CommitId ancestor, CommitId descendant, Stop& stop) {
  auto known = co_await look(repository, descendant, stop);
  if (known) known = co_await look(repository, ancestor, stop);
  if (!known) co_return known.error();
  co_return remotes_.at(repository).is_ancestor(ancestor, descendant);
}

Task<Result<std::vector<CommitId>>> SimGit::commits_between(std::string repository, CommitId from, CommitId to,
                                                            std::size_t limit, Stop& stop) {
  auto known = co_await look(repository, to, stop);
  if (!known) co_return known.error();
  auto found = remotes_.at(repository).between(from, to);
  if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  co_return found;
}

Task<Result<void>> SimGit::checkout(std::string repository, CommitId id, std::string directory, Stop& stop) {
  auto known = co_await look(repository, id, stop);
  if (!known) co_return known;
  bool half_way = false;
  for (const auto& [path, text] : remotes_.at(repository).commits.at(id).files) {
    const auto file = fs::path(directory) / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    if (!half_way) co_await clock_.sleep(world_.dice.span(Milliseconds(1), Milliseconds(20)), stop);
    half_way = true;
  }
  if (world_.disk_full) co_return infrastructure_error("can't write the checkout: No space left on device");
  co_return Result<void>{};
}

PushOutcome SimGit::receive(const std::string& repository, const std::string& branch, const CommitId& expected,
                            const CommitId& id, bool back) {
  auto& remote = remotes_.at(repository);
  auto found = remote.branches.find(branch);
  const auto at = found == remote.branches.end() ? CommitId() : found->second;
  PushOutcome outcome;
  outcome.remote = at;
  if (at == id) {
    outcome.kind = PushOutcome::Kind::unchanged;
  } else if (at != expected && world_.planted != Planted::forced_push) {
    outcome.kind = PushOutcome::Kind::stale;
  } else if (!back && !at.empty() && !remote.is_ancestor(at, id) && world_.planted != Planted::forced_push) {
    outcome.kind = PushOutcome::Kind::refused;
    outcome.detail = "not a fast-forward";
  } else {
    outcome.kind = PushOutcome::Kind::moved;
    outcome.remote = id;
    remote.branches[branch] = id;
    world_.trace("remote", "{} of {} moved from {} to {}", branch, repository, at.substr(0, 7), id.substr(0, 7));
    moved_(repository, branch, at, id);
  }
  return outcome;
}

Task<Result<PushOutcome>> SimGit::push(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                       Stop& stop) {
  return move(std::move(remote), std::move(branch), std::move(expected), std::move(id), false, stop);
}

Task<Result<PushOutcome>> SimGit::put_back(GitRemote remote, std::string branch, CommitId expected, CommitId id,
                                           Stop& stop) {
  return move(std::move(remote), std::move(branch), std::move(expected), std::move(id), true, stop);
}

Task<Result<NoteOutcome>> SimGit::push_note(GitRemote remote, std::string, CommitId commit, std::string line,
                                            Stop& stop) {
  auto there = co_await travel(remote.deadline, world_.faults.lost_request, stop);
  if (!there) co_return there.error();
  NoteOutcome outcome;
  const bool kept = world_.planted != Planted::lost_note;
  if (kept && !remotes_.at(remote.repository).notes[commit].insert(std::move(line)).second)
    outcome.kind = NoteOutcome::Kind::unchanged;
  auto answered = co_await travel(remote.deadline, world_.faults.lost_answer, stop);
  if (!answered) co_return answered.error();
  co_return outcome;
}

Task<Result<PushOutcome>> SimGit::move(GitRemote remote, std::string branch, CommitId expected, CommitId id, bool back,
                                       Stop& stop) {
  world_.trace("git", "push {} of {}: {} to {}", branch, remote.repository, expected.substr(0, 7), id.substr(0, 7));
  push_seen_(remote.repository, branch, expected, id);
  if (world_.fault(world_.faults.late_push)) {
    // Beyond its caller, and beyond the service: it is on the network.
    auto arrives = [this_world = &world_, self = remotes_.find(remote.repository), branch, expected, id, back,
                    moved = moved_] {
      auto& branches = self->second.branches;
      const auto at = branches.contains(branch) ? branches.at(branch) : CommitId();
      const bool forward = at == expected && (back || at.empty() || self->second.is_ancestor(at, id));
      if (!forward) return;
      this_world->trace("remote", "a late push moves {} from {} to {}", branch, expected.substr(0, 7), id.substr(0, 7));
      branches[branch] = id;
      moved(self->first, branch, expected, id);
    };
    // It arrives at the latest when the caller's patience with the server has passed once more.
    const auto gives_up = world_.dice.span(Milliseconds{1}, remote.deadline);
    world_.after(gives_up + world_.dice.span(-gives_up, remote.deadline - Milliseconds{5'000}), arrives);
    co_await clock_.sleep(gives_up, stop);
    co_return gone("timed out");
  }
  auto there = co_await travel(remote.deadline, world_.faults.lost_request, stop);
  if (!there) co_return there.error();
  if (branch == "production" && world_.fault(world_.faults.raced_push)) world_.rival(remote.repository);
  if (back && world_.planted == Planted::stray_rollback) {
    const auto& parent = remotes_.at(remote.repository).commits.at(id).parent;
    if (!parent.empty()) id = parent;
  }
  auto outcome = receive(remote.repository, branch, expected, id, back);
  auto answered = co_await travel(remote.deadline, world_.faults.lost_answer, stop);
  if (!answered) co_return answered.error();
  co_return outcome;
}

}  // namespace quietgate
